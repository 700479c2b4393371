import type { Logger } from 'pino';
import type { FaultPlan } from '../faults/plan.ts';
import type { DatasetStore } from '../store/datasets.ts';
import type { EvaluationStore, StoredEvaluation } from '../store/evaluations.ts';
import type { ComputeLane } from './compute-lane.ts';
import { RunQueue } from './run-queue.ts';
import { datasetSource } from './training-queue.ts';

/** What the queue works with. */
export interface EvaluationQueueParts {
  datasets: DatasetStore;
  evaluations: EvaluationStore;
  lane: ComputeLane;
  log: Logger;
  faults?: FaultPlan | undefined;
}

/** Measures models on datasets, one evaluation at a time, oldest first. */
export function createEvaluationQueue(parts: EvaluationQueueParts): RunQueue<StoredEvaluation> {
  const { datasets, evaluations, lane, log, faults } = parts;
  return new RunQueue({
    what: 'evaluation',
    runs: evaluations,
    log,
    work: async ({ key, run }, signal) => {
      faults?.failEvaluation(run.modelName);
      const test = datasetSource(datasets, run.evaluationParameters.testDatasetName);
      return { modelPerformance: await lane.run({ kind: 'evaluate', trainingId: key.trainingId, test }, { signal }) };
    },
  });
}
