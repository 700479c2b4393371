import type { ImageSet } from '../activities/types.ts';
import { type LoopContext, now } from './context.ts';
import { evaluate } from './evaluating.ts';
import { type Dataset, nameOf, registerDataset } from './registering.ts';
import { bindService, requireEnough } from './service.ts';
import { train } from './training.ts';
import { answered } from './training-ends.ts';
import { modelName, type TrainingRun } from './training-run.ts';
import { endIfStopped, ServiceChanged } from './unwinding.ts';

/** Registers images as a dataset of this round. */
export async function register(ctx: LoopContext, set: ImageSet): Promise<Dataset> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  await bindService(ctx);
  const base = `${input.spec.name}-r${state.round}-${set.nameHash}`;
  const dataset = { base, version: 1, file: set.file, images: set.images };
  now(ctx, 'registering', `Registering ${set.images} images as dataset ${nameOf(dataset)}`);
  const what = `register ${set.images} images as dataset ${nameOf(dataset)}`;
  await registerDataset(ctx, dataset, { what, onMoved: () => bindService(ctx) });
  return dataset;
}

/**
 * Trains until a model is measured, at another service after a person named one; null when nothing could be learned.
 * @throws LoopEnd as `train` and `evaluate`.
 */
export async function trainAndMeasure(ctx: LoopContext, training: TrainingRun): Promise<string | null> {
  for (let moved = false; ; ) {
    try {
      // Also at first: somebody may have named the service after the images were collected.
      if (training.share === undefined && (moved || ctx.state.changes?.service !== undefined))
        await requireEnough(ctx, moved);
      const model = await train(ctx, training);
      if (model === null || (await evaluate(ctx, model, training.share))) return model;
      training.because = answered(ctx, { after: model, failure: 'ModelGone', code: null });
    } catch (error) {
      if (!(error instanceof ServiceChanged)) throw error;
      await move(ctx, training, error);
      moved = true;
    }
  }
}

/** Goes on with a training at the service that a person has just named. */
async function move(ctx: LoopContext, training: TrainingRun, { failure }: ServiceChanged): Promise<void> {
  if (training.attempts > 0 && failure !== null)
    training.because = answered(ctx, { after: modelName(ctx, training), failure, code: null });
  training.dataset = await register(ctx, training.set);
}
