import type { Logger } from 'pino';
import type { Photos } from '../store/photos.ts';
import type { RecognitionStore, StoredRecognition } from '../store/recognitions.ts';
import type { ComputeLane } from './compute-lane.ts';
import { RunQueue } from './run-queue.ts';

/** What the queue works with. */
export interface RecognitionQueueParts {
  recognitions: RecognitionStore;
  photos: Photos;
  lane: Pick<ComputeLane, 'run'>;
  log: Logger;
}

/** Finds products and gaps on photos, one run at a time, oldest first; a photo is dropped when its run has ended. */
export function createRecognitionQueue(parts: RecognitionQueueParts): RunQueue<StoredRecognition> {
  const { recognitions, photos, lane, log } = parts;
  return new RunQueue({
    what: 'product-recognition run',
    runs: recognitions,
    log,
    work: async ({ key, run }, signal) => {
      const image = await photos.read(run.photo);
      return { result: await lane.run({ kind: 'recognize', trainingId: key.trainingId, image }, { signal }) };
    },
    ended: (run) => photos.drop(run.photo),
  });
}
