import type { Logger } from 'pino';
import { credentialOf } from '../data-access/credentials.ts';
import type { DatasetSource } from '../data-access/dataset.ts';
import { billedMinutes, type LedgerEntry } from '../ledger.ts';
import type { DatasetStore } from '../store/datasets.ts';
import type { ModelStore, PendingTraining, Settlement, StoredModel } from '../store/models.ts';
import { BILLED_MINUTES_PER_SECOND } from './budget.ts';
import type { ComputeLane } from './compute-lane.ts';
import { failureDetails, TaskFailure } from './failure.ts';
import type { TrainResult, Usage } from './protocol.ts';
import { SerialLoop } from './serial-loop.ts';

/** What the queue works with. */
export interface TrainingQueueParts {
  datasets: DatasetStore;
  models: ModelStore;
  lane: ComputeLane;
  log: Logger;
  /** Minutes billed for a measured second of compute; a minute for a minute if not given. */
  minutesPerSecond?: number | undefined;
}

const NOTHING_USED: Usage = { computeMs: 0, images: 0, embeddingsComputed: 0 };

/**
 * Trains waiting models one at a time, oldest first. The store is the queue: what a killed service had not settled is
 * trained again at the next start, and settled, hence billed, once.
 */
export class TrainingQueue {
  readonly #parts: TrainingQueueParts;
  readonly #loop: SerialLoop;
  #running: { name: string; controller: AbortController } | undefined;

  constructor(parts: TrainingQueueParts) {
    this.#parts = parts;
    this.#loop = new SerialLoop(
      () => this.#step(),
      (err) => parts.log.error({ err }, 'the queue of trainings stumbled'),
    );
  }

  /** Settles what was being cancelled when the service stopped, and takes up what it was training. */
  resume(): void {
    const { models } = this.#parts;
    for (let item = models.oldest('cancelling'); item !== undefined; item = models.oldest('cancelling')) {
      models.settle(item, settlement(item.model, 'cancelled', { usage: NOTHING_USED }));
    }
    this.wake();
  }

  /** Looks for work; called after every new model. */
  wake(): void {
    this.#loop.wake();
  }

  /** Cancels a model that has not ended: at once while it waits, else when its thread has stopped. */
  cancel(name: string): void {
    const { models } = this.#parts;
    if (this.#running?.name === name) {
      models.mark(name, 'cancelling');
      this.#running.controller.abort();
      return;
    }
    const model = models.get(name);
    const trainingId = models.trainingId(name);
    if (model?.status !== 'notStarted' || trainingId === undefined) return;
    models.settle({ trainingId, model }, settlement(model, 'cancelled', { usage: NOTHING_USED }));
  }

  /** Stops the running training without settling it: the next start trains it again. */
  async close(): Promise<void> {
    const closed = this.#loop.close();
    this.#running?.controller.abort();
    await closed;
  }

  async #step(): Promise<boolean> {
    const item = this.#parts.models.oldest('training', 'notStarted');
    if (item !== undefined) await this.#train(item);
    return item !== undefined;
  }

  async #train(item: PendingTraining): Promise<void> {
    const { models, log, minutesPerSecond } = this.#parts;
    const { name } = item.model;
    const controller = new AbortController();
    this.#running = { name, controller };
    models.mark(name, 'training');
    let usage = NOTHING_USED;
    try {
      const result = await this.#compute(item, { signal: controller.signal, onUsage: (now) => (usage = now) });
      this.#settle(item, settlement(item.model, 'succeeded', { usage, result, minutesPerSecond }));
    } catch (error) {
      const stopped = controller.signal.aborted;
      if (stopped && this.#loop.closed) return;
      if (stopped) this.#settle(item, settlement(item.model, 'cancelled', { usage, minutesPerSecond }));
      else this.#settle(item, settlement(item.model, 'failed', { usage, error: asFailure(error, log) }));
    } finally {
      this.#running = undefined;
    }
  }

  #compute(item: PendingTraining, watch: { signal: AbortSignal; onUsage: (usage: Usage) => void }) {
    const { trainingParameters, evaluationParameters } = item.model;
    const training = this.#source(trainingParameters.trainingDatasetName);
    const test = evaluationParameters && this.#source(evaluationParameters.testDatasetName);
    const { timeBudgetInHours: budgetHours, modelKind } = trainingParameters;
    const { lane, minutesPerSecond = BILLED_MINUTES_PER_SECOND } = this.#parts;
    return lane.run({ kind: 'train', modelKind, training, test, budgetHours, minutesPerSecond }, watch);
  }

  #source(name: string): DatasetSource {
    return datasetSource(this.#parts.datasets, name);
  }

  #settle(item: PendingTraining, settled: Settlement): void {
    this.#parts.models.settle(item, settled);
    this.#parts.log.info({ model: item.model.name, ...settled.ledger }, 'training settled');
  }
}

function settlement(
  model: StoredModel,
  status: LedgerEntry['status'],
  run: { usage: Usage; result?: TrainResult; error?: TaskFailure; minutesPerSecond?: number | undefined },
): Settlement {
  const { minutesPerSecond = BILLED_MINUTES_PER_SECOND } = run;
  const { computeMs, images, embeddingsComputed } = run.usage;
  const budgetHours = model.trainingParameters.timeBudgetInHours;
  const minutes = billedMinutes({ status, computeMs, budgetHours, minutesPerSecond });
  const performance = run.result?.performance;
  return {
    status,
    result: {
      ...(status === 'failed' ? {} : { trainingCostInMinutes: minutes }),
      ...(performance === undefined ? {} : { modelPerformance: performance }),
      ...(run.error === undefined ? {} : { error: failureDetails(run.error) }),
    },
    classifier: run.result?.classifier,
    ledger: { status, computeSeconds: computeMs / 1000, billedMinutes: minutes, images, embeddingsComputed },
  };
}

/**
 * Where a task finds a dataset, and of which kind it is.
 *
 * @throws {TaskFailure} `datasetNotFound`
 */
export function datasetSource(datasets: DatasetStore, name: string): DatasetSource {
  const readable = datasets.readable(name);
  if (readable === undefined) throw new TaskFailure('datasetNotFound', `There is no dataset "${name}".`);
  const { dataset, sasToken } = readable;
  const { annotationKind, annotationFileUris: uris, authentication } = dataset;
  const credential = credentialOf({ kind: authentication.kind, uris, sasToken });
  return { name, annotationKind, uris, credential };
}

/** Anything but a failure of the contract is the service's own fault; only the log gets to see what it was. */
function asFailure(error: unknown, log: Logger): TaskFailure {
  if (error instanceof TaskFailure && error.code !== 'unknown') return error;
  log.error({ err: error }, 'a training stopped by a fault of the service');
  return new TaskFailure('unknown', 'The training stopped by a fault of the service; its log has the cause.');
}
