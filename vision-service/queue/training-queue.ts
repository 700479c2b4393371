import type { Logger } from 'pino';
import { isTerminalModelStatus } from '../../vision/contract.ts';
import { credentialOf } from '../data-access/credentials.ts';
import type { DatasetSource } from '../data-access/dataset.ts';
import type { FaultPlan } from '../faults/plan.ts';
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
  /** Each trains one model at a time. */
  lanes: readonly ComputeLane[];
  log: Logger;
  /** Minutes billed for a measured second of compute; a minute for a minute if not given. */
  minutesPerSecond?: number | undefined;
  /** Told of every training that has ended. */
  onSettled?: ((model: StoredModel, settled: Settlement) => void) | undefined;
  faults?: FaultPlan | undefined;
}

const NOTHING_USED: Usage = { computeMs: 0, images: 0, embeddingsComputed: 0 };

/**
 * Trains waiting models, oldest first, as many at a time as there are lanes. The store is the queue: what a killed service
 * had not settled is trained again at the next start, and settled, hence billed, once.
 */
export class TrainingQueue {
  readonly #parts: TrainingQueueParts;
  readonly #loops: SerialLoop[];
  /** What runs, by training id. */
  readonly #running = new Map<string, AbortController>();
  #closed = false;

  constructor(parts: TrainingQueueParts) {
    this.#parts = parts;
    this.#loops = parts.lanes.map(
      (lane) =>
        new SerialLoop(
          () => this.#step(lane),
          (err) => parts.log.error({ err }, 'the queue of trainings stumbled'),
        ),
    );
  }

  /** Settles what was being cancelled when the service stopped, and takes up what it was training. */
  resume(): void {
    const { models } = this.#parts;
    for (let item = models.oldest(['cancelling']); item !== undefined; item = models.oldest(['cancelling'])) {
      this.#settle(item, settlement(item.model, 'cancelled', { usage: NOTHING_USED }));
    }
    this.wake();
  }

  /** Looks for work; called after every new model. */
  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  /** Cancels a model that has not ended: when its thread has stopped, or at once while it waits, be it for its first turn or for another one. */
  cancel(name: string): void {
    const { models } = this.#parts;
    const model = models.get(name);
    const trainingId = models.trainingId(name);
    if (model === undefined || trainingId === undefined) return;
    const controller = this.#running.get(trainingId);
    if (controller !== undefined) {
      models.mark(name, 'cancelling');
      controller.abort();
    } else if (!isTerminalModelStatus(model.status)) {
      this.#settle({ trainingId, model }, settlement(model, 'cancelled', { usage: NOTHING_USED }));
    }
  }

  /** Stops the running trainings without settling them: the next start trains them again. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = this.#loops.map((loop) => loop.close());
    for (const controller of this.#running.values()) controller.abort();
    await Promise.all(closed);
  }

  async #step(lane: ComputeLane): Promise<boolean> {
    const item = this.#parts.models.oldest(['training', 'notStarted'], [...this.#running.keys()]);
    if (item !== undefined) await this.#train(lane, item);
    return item !== undefined;
  }

  async #train(lane: ComputeLane, item: PendingTraining): Promise<void> {
    const controller = new AbortController();
    this.#parts.models.mark(item.model.name, 'training');
    this.#running.set(item.trainingId, controller);
    try {
      const settled = await this.#run(lane, item, controller.signal);
      if (settled !== undefined) this.#settle(item, settled);
    } finally {
      this.#running.delete(item.trainingId);
    }
  }

  /** Trains a model and says how it ended; undefined when the service stops, so that the next start trains it again. */
  async #run(lane: ComputeLane, item: PendingTraining, signal: AbortSignal): Promise<Settlement | undefined> {
    const { log, minutesPerSecond, faults } = this.#parts;
    const begun = performance.now();
    let usage = NOTHING_USED;
    try {
      faults?.failTraining(item.model.name);
      const result = await this.#compute(lane, item, { signal, onUsage: (now: Usage) => (usage = now) });
      return settlement(item.model, 'succeeded', { usage, result, minutesPerSecond });
    } catch (error) {
      if (signal.aborted && this.#closed) return undefined;
      if (signal.aborted) return settlement(item.model, 'cancelled', { usage, minutesPerSecond });
      return settlement(item.model, 'failed', { usage, error: asFailure(error, log) });
    } finally {
      const { headMs = 0 } = usage;
      const seconds = { trainingSeconds: (performance.now() - begun) / 1000, headSeconds: headMs / 1000 };
      log.info({ model: item.model.name, ...seconds }, 'training ended');
    }
  }

  #compute(lane: ComputeLane, item: PendingTraining, watch: { signal: AbortSignal; onUsage: (usage: Usage) => void }) {
    const { trainingParameters, evaluationParameters } = item.model;
    const training = this.#source(trainingParameters.trainingDatasetName);
    const test = evaluationParameters && this.#source(evaluationParameters.testDatasetName);
    const { timeBudgetInHours: budgetHours, modelKind } = trainingParameters;
    const { minutesPerSecond = BILLED_MINUTES_PER_SECOND } = this.#parts;
    return lane.run({ kind: 'train', modelKind, training, test, budgetHours, minutesPerSecond }, watch);
  }

  #source(name: string): DatasetSource {
    return datasetSource(this.#parts.datasets, name);
  }

  #settle(item: PendingTraining, settled: Settlement): void {
    this.#parts.models.settle(item, settled);
    this.#parts.onSettled?.(item.model, settled);
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
    trained: run.result?.trained,
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
