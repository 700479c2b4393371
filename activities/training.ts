import type { LoopFolder } from '../data/loop-folder.ts';
import { TrainingFileSchema } from '../loop/files.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { CallOptions, VisionClient } from '../vision/client.ts';
import type { Model, ModelRequest } from '../vision/contract.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { LoopFailure } from './errors.ts';
import { openLoop, type TrainingPlace, trainingFile } from './loop-files.ts';
import { poll } from './polling.ts';
import { serviceOf } from './services.ts';
import type { AwaitTrainingInput, CancelTrainingInput, TrainInput, TrainingEnd } from './types.ts';

/**
 * Starts a training under its name, or adopts the one that an earlier try started: the name is the idempotency key.
 * @throws LoopFailure `NameTaken` when something else stands under that name.
 */
export async function startTraining(deps: ActivityDeps, input: TrainInput, { signal }: Vital) {
  const { spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  const trainingParameters = {
    trainingDatasetName: input.dataset,
    timeBudgetInHours: input.hours,
    modelKind: modelKindOf(spec),
  };
  await adoptOr(
    () => client.createModel(input.model, { trainingParameters }, { signal }),
    async () => {
      const model = await client.getModel(input.model, { signal });
      if (!sameTraining(model, trainingParameters)) {
        throw new LoopFailure(
          'NameTaken',
          `Model ${input.model} exists with other parameters: ${JSON.stringify(model.trainingParameters)}.`,
        );
      }
    },
  );
  return { model: input.model };
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
  { signal, beat }: Vital,
): Promise<TrainingEnd> {
  const { folder, spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  const { now = Date.now } = deps;
  let missingSince: number | null = null;
  const model = await poll({
    look: () => lookUp(client, input.model, { signal }),
    done: (seen) => {
      beat(`${input.model}: ${seen?.status ?? 'not found'}`);
      if (seen !== null) missingSince = null;
      else missingSince ??= now();
      return seen === null ? now() - (missingSince ?? 0) >= input.missingMs : TERMINAL.has(seen.status);
    },
    firstMs: input.pollMs,
    signal,
  });
  if (!model)
    return { status: 'gone', minutes: null, code: null, message: `The service has no model ${input.model} any more.` };
  const end = endOf(model);
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
  const { code = null, message = null } = model.error ?? {};
  const status = model.status === 'succeeded' ? 'succeeded' : model.status === 'cancelled' ? 'cancelled' : 'failed';
  return { status, minutes, code, message };
}

/** Asks the service to cancel a training; one that has ended or is not there is left alone. */
export async function cancelTraining(deps: ActivityDeps, input: CancelTrainingInput, { signal }: Vital) {
  const { spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  const model = await lookUp(client, input.model, { signal });
  if (model && !TERMINAL.has(model.status)) await client.cancelModel(input.model, { signal });
  return { model: input.model };
}
