import type { DatabaseSync } from 'node:sqlite';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { AccessRules } from '../data-access/source.ts';
import type { ComputeLane } from '../queue/compute-lane.ts';
import type { EvaluationQueue } from '../queue/evaluation-queue.ts';
import type { TrainingQueue } from '../queue/training-queue.ts';
import type { DatasetStore } from '../store/datasets.ts';
import type { EvaluationStore } from '../store/evaluations.ts';
import type { ModelStore } from '../store/models.ts';

/** What the routes work with. */
export interface ServiceParts {
  key: string;
  access: AccessRules;
  db: DatabaseSync;
  datasets: DatasetStore;
  models: ModelStore;
  evaluations: EvaluationStore;
  trainings: TrainingQueue;
  evaluationRuns: EvaluationQueue;
  /** Answers predictions and evaluations, apart from the trainings. */
  inference: ComputeLane;
  log: Logger;
}

export type Api = OpenAPIHono;
