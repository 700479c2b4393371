import type { LoopProgress } from '../loop/progress.ts';
import type { LoopPlaces } from './loop-places.ts';
import type { LoopView } from './loop-view.ts';

/** What `status --json` and `watch --json|--jsonl` print. */
export interface StatusDocument extends LoopPlaces {
  schemaVersion: 1;
  loop: string;
  status: LoopView['kind'] | 'failed' | 'terminated' | 'cancelled' | 'timed-out';
  /** Whether the loop waits for a person. */
  needsPerson: boolean;
  /** Why `progress` comes from files and not from a worker; null when it is the worker's own. */
  note: string | null;
  progress: LoopProgress | null;
}

const BROKEN = { FAILED: 'failed', TERMINATED: 'terminated', CANCELLED: 'cancelled', TIMED_OUT: 'timed-out' } as const;

/** The JSON form of what is known about a loop. */
export function statusDocument(loop: string, view: LoopView, places: LoopPlaces): StatusDocument {
  return {
    schemaVersion: 1,
    loop,
    status: view.kind === 'broken' ? BROKEN[view.status] : view.kind,
    needsPerson: view.kind === 'running' && view.needsPerson,
    note: view.kind === 'running' ? view.note : null,
    ...places,
    progress: view.kind === 'unknown' ? null : view.progress,
  };
}
