import type { Stuck } from './stuck-loop.ts';

/** How the codec says that a key is not there, and what stands in place of a failure whose text is encrypted. */
const MISSING_KEY = /encrypted with the key .* missing here/;
const ENCRYPTED_FAILURE = 'Encoded failure';

/** The note, without its full stop, for a query that a worker refused with a reason, and what to do. */
export function whyNoAnswer(reason: string, taskQueue: string): Stuck {
  if (MISSING_KEY.test(reason))
    return {
      note: `This command cannot read what the worker tells: ${reason}`,
      next: 'Give this command the keys that the worker has; the loop itself goes on.',
    };
  if (reason === ENCRYPTED_FAILURE)
    return {
      note: `The worker on task queue ${taskQueue} cannot tell the loop’s progress, and why is encrypted: most likely it lacks a key that the loop was written with`,
      next: 'Look for “encrypted with the key” in the worker’s log, add that key to its DELTALOOP_ENCRYPTION_KEYS and restart it; the loop goes on where it was.',
    };
  return {
    note: `The worker on task queue ${taskQueue} cannot tell the loop’s progress: ${reason}`,
    next: 'Look into the worker’s log; the loop goes on where it was once the worker can.',
  };
}
