import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const REAPER = fileURLToPath(new URL('./reaper.ts', import.meta.url));

/** Sees to it that no process group it was told of outlives this process, even when this one is killed outright. */
class OrphanGuard {
  readonly #groups = new Set<number>();
  #reaper: { child: ChildProcess; pipe: Writable } | undefined;

  /** @param pid leader of a process group that must end when this process ends */
  watch(pid: number): void {
    this.#groups.add(pid);
    this.#reaper ??= startReaper();
    this.#reaper.pipe.write(`+${pid}\n`);
  }

  /** @param pid leader of a process group that ended by itself or was stopped in order */
  forget(pid: number): void {
    if (!this.#groups.delete(pid)) return;
    this.#reaper?.pipe.write(`-${pid}\n`);
    if (this.#groups.size > 0) return;
    this.#reaper?.pipe.end();
    this.#reaper = undefined;
  }
}

function startReaper(): { child: ChildProcess; pipe: Writable } {
  const child = spawn(process.execPath, [REAPER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  // A reaper that was killed from outside only costs its own service; the children are then stopped as usual.
  child.stdin.on('error', () => undefined);
  return { child, pipe: child.stdin };
}

/** The one guard of this process. */
export const orphanGuard = new OrphanGuard();
