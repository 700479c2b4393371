import type { Logger } from 'pino';
import type { ModelPerformance } from '../../loop/metrics.ts';
import type { DatasetStore } from '../store/datasets.ts';
import type { EvaluationKey, EvaluationStore, StoredEvaluation } from '../store/evaluations.ts';
import type { ComputeLane } from './compute-lane.ts';
import { failureDetails, TaskFailure } from './failure.ts';
import { SerialLoop } from './serial-loop.ts';
import { datasetSource } from './training-queue.ts';

/** What the queue works with. */
export interface EvaluationQueueParts {
  datasets: DatasetStore;
  evaluations: EvaluationStore;
  lane: ComputeLane;
  log: Logger;
}

/** Runs waiting evaluations one at a time, oldest first; those that a stopped service had begun are run again. */
export class EvaluationQueue {
  readonly #parts: EvaluationQueueParts;
  readonly #stop = new AbortController();
  readonly #loop: SerialLoop;

  constructor(parts: EvaluationQueueParts) {
    this.#parts = parts;
    this.#loop = new SerialLoop(
      () => this.#step(),
      (err) => parts.log.error({ err }, 'the queue of evaluations stumbled'),
    );
  }

  /** Looks for work; called at the start and after every new evaluation. */
  wake(): void {
    this.#loop.wake();
  }

  /** Stops the running evaluation; the next start runs it again. */
  async close(): Promise<void> {
    const closed = this.#loop.close();
    this.#stop.abort();
    await closed;
  }

  async #step(): Promise<boolean> {
    const item = this.#parts.evaluations.oldestPending();
    if (item !== undefined) await this.#evaluate(item.key, item.evaluation);
    return item !== undefined;
  }

  async #evaluate(key: EvaluationKey, evaluation: StoredEvaluation): Promise<void> {
    const { evaluations } = this.#parts;
    evaluations.update(key, { status: 'running' });
    try {
      const modelPerformance = await this.#compute(key, evaluation);
      evaluations.update(key, { status: 'succeeded', modelPerformance });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      evaluations.update(key, { status: 'failed', error: failureDetails(this.#asFailure(error)) });
    }
  }

  async #compute(key: EvaluationKey, evaluation: StoredEvaluation): Promise<ModelPerformance> {
    const { testDatasetName } = evaluation.evaluationParameters;
    const test = datasetSource(this.#parts.datasets, testDatasetName);
    return this.#parts.lane.run({ kind: 'evaluate', trainingId: key.trainingId, test }, { signal: this.#stop.signal });
  }

  #asFailure(error: unknown): TaskFailure {
    if (error instanceof TaskFailure && error.code !== 'unknown') return error;
    this.#parts.log.error({ err: error }, 'an evaluation stopped by a fault of the service');
    return new TaskFailure(
      'internalServerError',
      'The evaluation stopped by a fault of the service; its log has the cause.',
    );
  }
}
