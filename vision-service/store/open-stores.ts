import type { DatabaseSync } from 'node:sqlite';
import { createStateFolder, lockState, openStore, type StatePaths, statePaths } from './database.ts';
import { DatasetStore } from './datasets.ts';
import { EvaluationStore } from './evaluations.ts';
import { ModelStore } from './models.ts';
import { Photos } from './photos.ts';
import { RecognitionStore } from './recognitions.ts';

/** Everything that a service keeps but the embeddings, which its threads open themselves. */
export interface Stores {
  db: DatabaseSync;
  datasets: DatasetStore;
  models: ModelStore;
  evaluations: EvaluationStore;
  recognitions: RecognitionStore;
  photos: Photos;
}

/**
 * Opens the state of a home, which is locked until `close`.
 *
 * @throws {ServiceStartError} while another service works on it
 */
export function openStores(home: string): { paths: StatePaths; stores: Stores; close: () => void } {
  const paths = statePaths(home);
  createStateFolder(paths);
  const lock = lockState(paths);
  const db = openStore(paths.store);
  const recognitions = new RecognitionStore(db);
  const photos = new Photos(paths.photos);
  photos.keepOnly(recognitions.photosOf());
  const stores = {
    db,
    datasets: new DatasetStore(db),
    models: new ModelStore(db),
    evaluations: new EvaluationStore(db),
    recognitions,
    photos,
  };
  return {
    paths,
    stores,
    close: () => {
      db.close();
      lock.release();
    },
  };
}
