import { z } from 'zod';
import { startProgram } from '../support/program.ts';
import type { Rig } from '../support/rig.ts';

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
  const { ready, stderr, stop } = await startProgram('worker', {
    TEMPORAL_ADDRESS: address,
    DELTALOOP_HOME: home,
    DELTALOOP_VISION_URL: service.url,
    DELTALOOP_VISION_KEY: service.key,
    ...settings,
  });
  return {
    healthPort: ready.healthPort ?? 0,
    lines: () => stderr().map((line) => Line.parse(JSON.parse(line))),
    stop,
  };
}
