import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';

/** Gets the Temporal server program before any test runs: on a fresh machine that may take minutes, which no test waits for. */
export async function setup(): Promise<void> {
  await ensureTemporalBinary({ env: process.env, say: (line) => void process.stderr.write(`${line}\n`) });
}
