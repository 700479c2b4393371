import type { ImageSet } from '../activities/types.ts';
import { type LoopContext, now, ofLoop, work } from './context.ts';
import { evaluate } from './evaluating.ts';
import { bindService, requireEnough } from './service.ts';
import { type TrainingRun, train } from './training.ts';
import { attempt, endIfStopped, ServiceChanged } from './waiting.ts';

/** Registers images as a dataset of this round. Returns its name. */
export async function register(ctx: LoopContext, set: ImageSet): Promise<string> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  await bindService(ctx);
  const dataset = `${input.spec.name}-r${state.round}-${set.nameHash}`;
  now(ctx, 'registering', `Registering ${set.images} images as dataset ${dataset}`);
  await attempt(ctx, {
    step: 'register',
    begins: true,
    run: () =>
      work(ctx, `register ${set.images} images as dataset ${dataset}`).registerDataset({
        ...ofLoop(ctx),
        dataset,
        file: set.file,
      }),
    onMoved: () => bindService(ctx),
  });
  return dataset;
}

/**
 * Trains until a model is measured, at another service after a person named one; null when nothing could be learned.
 * @throws LoopEnd as `train` and `evaluate`.
 */
export async function trainAndMeasure(ctx: LoopContext, training: TrainingRun): Promise<string | null> {
  for (let moved = false; ; ) {
    try {
      if (moved && training.share === undefined) await requireEnough(ctx);
      const model = await train(ctx, training);
      if (model === null || (await evaluate(ctx, model, training.share))) return model;
    } catch (error) {
      if (!(error instanceof ServiceChanged)) throw error;
      training.dataset = await register(ctx, training.set);
      moved = true;
    }
  }
}
