import type { LoopFolder } from '../data/loop-folder.ts';
import { ModelFileSchema, TrainingFileSchema } from '../loop/files.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import { budgetHint } from '../vision/budget-hint.ts';
import type { CallOptions, VisionClient } from '../vision/client.ts';
import type { Model, ModelRequest } from '../vision/contract.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { failureOfCode, fitForHistory, LoopFailure } from './errors.ts';
import { type Examined, examineTrainingSet } from './examining.ts';
import { openLoop, type TrainingPlace, trainingFile } from './loop-files.ts';
import { poll } from './polling.ts';
import { serviceOf } from './services.ts';
import type { AwaitTrainingInput, CancelTrainingInput, TrainInput, TrainingEnd, UnderWay } from './types.ts';

/**
 * Starts a training under its name, or adopts the one that an earlier try started: the name is the idempotency key.
 * @throws LoopFailure `NameTaken` when something else stands under that name.
 */
export async function startTraining(deps: ActivityDeps, input: TrainInput, { signal }: Vital) {
  const { folder, spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  await recordReason(folder, input);
  const trainingParameters = {
    trainingDatasetName: input.dataset,
    timeBudgetInHours: input.hours,
    modelKind: modelKindOf(spec),
  };
  await adoptOr(
    () => client.createModel(input.model, { trainingParameters }, { signal }),
    async () => {
      const model = await lookUp(client, input.model, { signal });
      // Accepted and gone since: it may be billed, so the name is not used again; whoever awaits it finds out.
      if (model !== null && !sameTraining(model, trainingParameters)) {
        throw new LoopFailure(
          'NameTaken',
          `Model ${input.model} exists with other parameters: ${JSON.stringify(model.trainingParameters)}.`,
        );
      }
    },
  );
  return { model: input.model };
}

/** Writes down why this model name is allowed, before it exists anywhere; what was written first counts. */
async function recordReason(folder: LoopFolder, input: TrainInput): Promise<void> {
  const { model, dataset, hours, because } = input;
  if (because === undefined) return;
  const file = trainingFile(input, `model-${attemptOf(model)}`);
  if ((await folder.readJson(file)) !== undefined) return;
  await folder.writeJsonOnce(file, ModelFileSchema.parse({ schemaVersion: 1, model, dataset, hours, reason: because }));
}

/** A 409 on a name of ours means that an earlier try got through; `adopt` then compares what stands there. */
export async function adoptOr(create: () => Promise<unknown>, adopt: () => Promise<void>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof VisionHttpError) || error.status !== 409) throw error;
    await adopt();
  }
}

function sameTraining({ trainingParameters: is }: Model, asked: ModelRequest['trainingParameters']): boolean {
  return (
    is.trainingDatasetName === asked.trainingDatasetName &&
    is.timeBudgetInHours === asked.timeBudgetInHours &&
    (is.modelKind === undefined || is.modelKind === asked.modelKind)
  );
}

const TERMINAL = new Set(['succeeded', 'failed', 'cancelled']);

/**
 * Waits for a training's end, however long it takes, and records what the service said of it. A model that is
 * missing for `missingMs` counts as gone.
 */
export async function awaitTraining(
  deps: ActivityDeps,
  input: AwaitTrainingInput,
  vital: Vital,
): Promise<TrainingEnd | UnderWay> {
  const { signal, answered } = vital;
  const files = await openLoop(deps.home, input);
  const { folder, spec } = files;
  const { client, capabilities } = serviceOf(deps, spec.service);
  const { now = Date.now } = deps;
  let missingSince: number | null = null;
  const model = await poll({
    look: () => lookUp(client, input.model, { signal }),
    done: (seen) => {
      answered(`${input.model}: ${seen?.status ?? 'not found'}`);
      if (input.untilAnswered) return true;
      if (seen !== null) missingSince = null;
      else missingSince ??= now();
      return seen === null ? now() - (missingSince ?? 0) >= input.missingMs : TERMINAL.has(seen.status);
    },
    firstMs: input.pollMs,
    signal,
  });
  if (input.untilAnswered && !(model && TERMINAL.has(model.status))) return { status: 'under-way' };
  if (!model) return goneEnd(input.model);
  const examine = () => examineTrainingSet(files, { round: input.round, file: input.file, capabilities }, vital);
  const end = await withCause(endOf(model), examine);
  if (end.status === 'succeeded') {
    const file = {
      model: model.name,
      status: model.status,
      minutes: end.minutes,
      performance: model.modelPerformance ?? null,
    };
    await folder.writeJsonOnce(
      trainingFile(input, `training-${attemptOf(model.name)}`),
      TrainingFileSchema.parse(file),
    );
  }
  return end;
}

/** The attempt that a model's name ends with: a model lost by the service is trained again in the same round. */
export function attemptOf(model: string): string {
  return model.slice(model.lastIndexOf('-') + 1);
}

/** What the service said of the training of a model. */
export function readTraining(folder: LoopFolder, { model, ...place }: TrainingPlace & { model: string }) {
  return folder.readRecord(trainingFile(place, `training-${attemptOf(model)}`), TrainingFileSchema);
}

/** A model as the service knows it; null when it has none of that name. */
export async function lookUp(client: VisionClient, name: string, options: CallOptions): Promise<Model | null> {
  try {
    return await client.getModel(name, options);
  } catch (error) {
    if (error instanceof VisionHttpError && error.status === 404) return null;
    throw error;
  }
}

function endOf(model: Model): TrainingEnd {
  const minutes = model.trainingCostInMinutes ?? null;
  const { code: said = null, message: words } = model.error ?? {};
  const code = said && fitForHistory(said);
  const message = words === undefined ? null : fitForHistory(words);
  const status = model.status === 'succeeded' ? 'succeeded' : model.status === 'cancelled' ? 'cancelled' : 'failed';
  return { status, minutes, code, message };
}

function goneEnd(model: string): TrainingEnd {
  const message = `The service has no model ${model} any more.`;
  return { status: 'gone', minutes: null, code: null, message, type: 'ModelGone' };
}

/** Adds what the loop makes of a failed training, and what its data look like from here where the service blames them. */
async function withCause(end: TrainingEnd, examine: () => Promise<Examined>): Promise<TrainingEnd> {
  if (end.status === 'cancelled') return { ...end, type: 'TrainingFailed' };
  if (end.status !== 'failed') return end;
  const { code, message } = end;
  if (code?.toLowerCase() === 'diverged') {
    const { sound, words } = await examine();
    return { ...end, code: 'diverged', ...(sound ? {} : { type: 'DatasetChecksFailed', found: words }) };
  }
  const type = failureOfCode('training', code ?? '');
  if (type === 'DatasetCorrupt') return { ...end, type, found: (await examine()).words };
  const { suggestedHours } = budgetHint({ code: code ?? '', message: message ?? '' });
  const asksForMore = type === 'TrainingBudgetTooSmall' && suggestedHours !== undefined;
  return { ...end, type, ...(asksForMore ? { suggestedHours } : {}) };
}

/** Asks the service to cancel a training; one that has ended or is not there is left alone. */
export async function cancelTraining(deps: ActivityDeps, input: CancelTrainingInput, { signal }: Vital) {
  const { spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  const model = await lookUp(client, input.model, { signal });
  if (model && !TERMINAL.has(model.status)) await client.cancelModel(input.model, { signal });
  return { model: input.model };
}
