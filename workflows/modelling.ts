import type { ImageSet } from '../activities/types.ts';
import { type LoopContext, now } from './context.ts';
import { evaluate } from './evaluating.ts';
import { type Dataset, nameOf, registerDataset } from './registering.ts';
import { train } from './training.ts';
import { answered } from './training-ends.ts';
import type { TrainingRun } from './training-run.ts';
import { endIfStopped } from './waiting.ts';

/** Registers images as a dataset of this round. */
export async function register(ctx: LoopContext, set: ImageSet): Promise<Dataset> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  const base = `${input.spec.name}-r${state.round}-${set.nameHash}`;
  const dataset = { base, version: 1, file: set.file, images: set.images };
  now(ctx, 'registering', `Registering ${set.images} images as dataset ${nameOf(dataset)}`);
  await registerDataset(ctx, dataset, `register ${set.images} images as dataset ${nameOf(dataset)}`);
  return dataset;
}

/**
 * Trains until a model is measured; null when nothing could be learned.
 * @throws LoopEnd as `train` and `evaluate`.
 */
export async function trainAndMeasure(ctx: LoopContext, training: TrainingRun): Promise<string | null> {
  for (;;) {
    const model = await train(ctx, training);
    if (model === null || (await evaluate(ctx, model, training.share))) return model;
    training.because = answered(ctx, { after: model, failure: 'ModelGone', code: null });
  }
}
