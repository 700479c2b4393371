import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ReadySchema = z.object({ ready: z.literal(true), url: z.string().optional(), healthPort: z.number().optional() });
type Ready = z.infer<typeof ReadySchema>;

/** One of our programs as a process of its own, with everything that it wrote. */
export interface Program {
  child: ChildProcess;
  /** What it said of itself when it was ready. */
  ready: Ready;
  /** The lines of its log so far. */
  stderr: () => string[];
  /** What it wrote to stdout and stderr so far. */
  log: () => string;
  /** As an operator does: SIGTERM. Its exit code. */
  stop: () => Promise<number | null>;
}

/**
 * Starts `worker` or `vision-service` with nothing but this environment and waits until it says that it is ready.
 * @throws Error with all that it wrote when it ends before that.
 */
export async function startProgram(name: 'worker' | 'vision-service', env: Record<string, string>): Promise<Program> {
  const entry = fileURLToPath(new URL(`../../${name}/main.ts`, import.meta.url));
  const path = process.env['PATH'] ?? '';
  const child = spawn(process.execPath, [entry], { env: { PATH: path, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const written: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => void stderr.push(line));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => void written.push(piece.toString()));
  }
  return {
    child,
    ready: await whenReady(child, written),
    stderr: () => stderr,
    log: () => written.join(''),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function whenReady(child: ChildProcess, written: string[]): Promise<Ready> {
  if (!child.stdout) throw new Error('the program has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = line.startsWith('{') ? ReadySchema.safeParse(JSON.parse(line)) : undefined;
    if (said?.success) return said.data;
  }
  throw new Error(`the program ended before it was ready:\n${written.join('')}`);
}
