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

/** A training on its lane. */
interface Run {
  stop: AbortController;
  usage: Usage;
  /** Asked to end, and to be billed for what it used; a run that only makes way for the service's end is not. */
  cancelled: boolean;
}

/**
 * Trains waiting models, oldest first, as many at a time as there are lanes. The store is the queue: what a killed service
 * had not settled is trained again at the next start, and settled, hence billed, once.
 */
export class TrainingQueue {
  readonly #parts: TrainingQueueParts;
  readonly #loops: SerialLoop[];
  /** What runs, by training id. */
  readonly #running = new Map<string, Run>();

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

  /** Settles what was being cancelled when the service was killed, and takes up what it was training. */
  resume(): void {
    const { models, minutesPerSecond } = this.#parts;
    for (let item = models.oldest(['cancelling']); item !== undefined; item = models.oldest(['cancelling'])) {
      const usage = models.usedWhenCancelled(item.trainingId) ?? NOTHING_USED;
      this.#settle(item, settlement(item.model, 'cancelled', { usage, minutesPerSecond }));
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
    const run = this.#running.get(trainingId);
    if (run !== undefined) {
      // Kept on the disk, so that a service killed before the thread has stopped bills it too.
      models.cancelling({ trainingId, model }, run.usage);
      run.cancelled = true;
      run.stop.abort();
    } else if (!isTerminalModelStatus(model.status)) {
      this.#settle({ trainingId, model }, settlement(model, 'cancelled', { usage: NOTHING_USED }));
    }
  }

  /** Stops the running trainings. Those that were cancelled are settled, the next start trains the others again. */
  async close(): Promise<void> {
    const closed = this.#loops.map((loop) => loop.close());
    for (const { stop } of this.#running.values()) stop.abort();
    await Promise.all(closed);
  }

  async #step(lane: ComputeLane): Promise<boolean> {
    const item = this.#parts.models.oldest(['training', 'notStarted'], [...this.#running.keys()]);
    if (item !== undefined) await this.#train(lane, item);
    return item !== undefined;
  }

  async #train(lane: ComputeLane, item: PendingTraining): Promise<void> {
    const begun = performance.now();
    const run: Run = { stop: new AbortController(), usage: NOTHING_USED, cancelled: false };
    this.#parts.models.mark(item.model.name, 'training');
    this.#running.set(item.trainingId, run);
    try {
      const settled = await this.#run(lane, item, run);
      const { headMs = 0 } = run.usage;
      const seconds = { trainingSeconds: (performance.now() - begun) / 1000, headSeconds: headMs / 1000 };
      if (settled !== undefined) this.#settle(item, settled, seconds);
    } finally {
      this.#running.delete(item.trainingId);
    }
  }

  /** Trains a model and says how it ended; undefined when the service stops, so that the next start trains it again. */
  async #run(lane: ComputeLane, item: PendingTraining, run: Run): Promise<Settlement | undefined> {
    const { log, minutesPerSecond, faults } = this.#parts;
    const { signal } = run.stop;
    try {
      faults?.failTraining(item.model.name);
      const result = await this.#compute(lane, item, { signal, onUsage: (now: Usage) => (run.usage = now) });
      return settlement(item.model, 'succeeded', { usage: run.usage, result, minutesPerSecond });
    } catch (error) {
      const { usage, cancelled } = run;
      if (cancelled) return settlement(item.model, 'cancelled', { usage, minutesPerSecond });
      // Told to stop, but by nobody who cancels it: the service ends.
      if (signal.aborted) return undefined;
      return settlement(item.model, 'failed', { usage, error: asFailure(error, log) });
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

  #settle(item: PendingTraining, settled: Settlement, seconds: Record<string, number> = {}): void {
    this.#parts.models.settle(item, settled);
    this.#parts.onSettled?.(item.model, settled);
    this.#parts.log.info({ model: item.model.name, ...settled.ledger, ...seconds }, 'training settled');
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
