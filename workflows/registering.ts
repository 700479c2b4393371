import type { FileRef } from '../loop/round.ts';
import { attempt } from './attempting.ts';
import { type LoopContext, now, ofLoop, work } from './context.ts';
import { endIfStopped } from './unwinding.ts';

/** A COCO file and the name that it has at the service. */
export interface Dataset {
  /** The name that was tried first. */
  base: string;
  /** Counted by the workflow: from 2 on it is part of the name, since a name at the service never changes its content. */
  version: number;
  file: FileRef;
  images: number;
}

export function nameOf({ base, version }: Pick<Dataset, 'base' | 'version'>): string {
  return version === 1 ? base : `${base}-v${version}`;
}

interface How {
  what: string;
  onMoved?: () => Promise<void>;
}

/** Names that are tried by themselves when the ones before are taken by something else. */
export const FURTHER_NAMES = 3;

/**
 * Registers a dataset under its name, or under a further one where that is taken by other content. Registering again what the
 * service still has changes nothing.
 * @param how `what` begins the step's label, e.g. `register 8 evaluation images`; `onMoved` as in `attempt`
 * @throws LoopEnd, RoundSkipped as `needsAttention`.
 */
export async function registerDataset(ctx: LoopContext, dataset: Dataset, { what, onMoved }: How): Promise<void> {
  endIfStopped(ctx);
  let further = 0;
  const { file } = dataset;
  await attempt(ctx, {
    step: 'register',
    begins: true,
    run: () => work(ctx, what).registerDataset({ ...ofLoop(ctx), dataset: nameOf(dataset), file }),
    mend: async ({ type }) => {
      if (type !== 'DatasetNameTaken' || further === FURTHER_NAMES) return false;
      further += 1;
      dataset.version += 1;
      return true;
    },
    onRetry: () => {
      further = 0;
    },
    ...(onMoved && { onMoved }),
  });
}

/** Registers a dataset that is known to the loop once more: as it is, or as a new version after somebody mended its data. */
export async function registerAgain(ctx: LoopContext, dataset: Dataset, mended: boolean): Promise<void> {
  if (mended) dataset.version += 1;
  const name = nameOf(dataset);
  now(ctx, 'registering', `Registering ${dataset.images} images again, as dataset ${name}`);
  await registerDataset(ctx, dataset, { what: `register ${dataset.images} images again, as dataset ${name}` });
}
