import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Rig } from '../support/rig.ts';

const MAIN = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
const Ready = z.object({ ready: z.literal(true), healthPort: z.number().optional() });

/** A line of the log; every other field as it stands there. */
export type Line = z.infer<typeof Line>;
const Line = z.looseObject({ level: z.number(), msg: z.string() });

export interface RealWorker {
  /** Port of `/health` and `/ready`; 0 without one. */
  healthPort: number;
  /** Everything it logged so far. */
  lines: () => Line[];
  /** As an operator does: SIGTERM, and its exit code. */
  stop: () => Promise<number | null>;
}

type Ground = Pick<Rig, 'home' | 'service'> & { env: { address: string } };

/** `worker/main.ts` in a process of its own, up and polling. */
export async function realWorker(
  { env: { address }, home, service }: Ground,
  settings: Record<string, string>,
): Promise<RealWorker> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: address,
      DELTALOOP_HOME: home,
      DELTALOOP_VISION_URL: service.url,
      DELTALOOP_VISION_KEY: service.key,
      ...settings,
    },
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const exited = once(child, 'exit');
  const first = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited]);
  if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}:\n${lines.join('\n')}`);
  return {
    healthPort: Ready.parse(JSON.parse(String(first[0]))).healthPort ?? 0,
    lines: () => lines.map((line) => Line.parse(JSON.parse(line))),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}
