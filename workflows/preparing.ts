import type { Prepared } from '../activities/types.ts';
import { attempt } from './attempting.ts';
import { enter, type LoopContext, ofLoop, work } from './context.ts';
import { nameOf, registerDataset } from './registering.ts';
import { LoopEnd } from './unwinding.ts';

/**
 * Freezes the evaluation set and what the source holds, before anything is spent.
 * @throws LoopEnd as `needsAttention`, and `image-limit` when the cap on images does not hold the service's minimum.
 */
export async function prepare(ctx: LoopContext): Promise<void> {
  const { state } = ctx;
  enter(ctx, 'preparing', state.doing);
  let { service } = ctx.input.spec;
  const prepared = await attempt(ctx, {
    step: 'prepare',
    begins: true,
    run: () => {
      service = ctx.input.spec.service;
      return work(ctx, 'prepare: freeze the evaluation set, read the images at hand').prepareLoop(ofLoop(ctx));
    },
  });
  const { classes, evaluation, minImagesPerClass } = prepared;
  state.warnings = prepared.warnings;
  state.webhook = prepared.webhook === true;
  const yardstick = evaluation && (await registerYardstick(ctx, evaluation));
  state.frozen = { classes, minImagesPerClass, service, evaluation: yardstick };
  if (prepared.firstNeed === null) throw new LoopEnd('image-limit');
  state.need = prepared.firstNeed;
  state.round = 1;
}

async function registerYardstick(ctx: LoopContext, evaluation: NonNullable<Prepared['evaluation']>) {
  const base = `${ctx.input.spec.name}-evaluation-${evaluation.hash.slice(0, 12)}`;
  const dataset = { base, version: 1, file: evaluation.file, images: evaluation.images };
  await registerDataset(ctx, dataset, { what: `register ${evaluation.images} evaluation images` });
  return { ...evaluation, base, version: dataset.version, dataset: nameOf(dataset) };
}
