import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from 'pino';
import type { AccessRules } from '../data-access/source.ts';
import type { ServiceLimits } from '../limits.ts';
import type { ComputeLane } from '../queue/compute-lane.ts';
import type { RunQueue } from '../queue/run-queue.ts';
import type { TrainingQueue } from '../queue/training-queue.ts';
import type { DatasetStore } from '../store/datasets.ts';
import type { EvaluationStore, StoredEvaluation } from '../store/evaluations.ts';
import type { ModelStore } from '../store/models.ts';
import type { Photos } from '../store/photos.ts';
import type { RecognitionStore, StoredRecognition } from '../store/recognitions.ts';
import type { QueueLengths, Telemetry } from '../telemetry.ts';
import type { InFlightBytes } from './in-flight.ts';

/** What the routes work with. */
export interface ServiceParts {
  key: string;
  /** Name of the backbone, for people. */
  backbone: string;
  access: AccessRules;
  limits: ServiceLimits;
  inFlight: InFlightBytes;
  db: DatabaseSync;
  datasets: DatasetStore;
  models: ModelStore;
  evaluations: EvaluationStore;
  recognitions: RecognitionStore;
  photos: Photos;
  trainings: TrainingQueue;
  evaluationRuns: RunQueue<StoredEvaluation>;
  recognitionRuns: RunQueue<StoredRecognition>;
  queueLengths: () => QueueLengths;
  /** Answers predictions, evaluations and runs, apart from the trainings. */
  inference: ComputeLane;
  telemetry: Telemetry;
  log: Logger;
}
