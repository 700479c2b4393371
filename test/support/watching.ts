import type { LoopProgress } from '../../loop/progress.ts';
import { progress } from '../../workflows/messages.ts';
import type { LoopHandle } from './rig.ts';

const LIMIT_MS = 60_000;

/**
 * Asks a loop until it is where the test wants it, as fast as it answers; a test never sleeps to wait for luck.
 * @throws Error with what the loop was doing when a minute has passed.
 */
export async function until(handle: LoopHandle, wanted: (seen: LoopProgress) => boolean): Promise<LoopProgress> {
  const since = Date.now();
  for (;;) {
    const seen = await handle.query(progress);
    if (wanted(seen)) return seen;
    if (Date.now() - since > LIMIT_MS) throw new Error(`the loop stays at ${seen.phase}: ${seen.state}`);
  }
}
