import { readListing } from '../data/listing.ts';
import { countPerClass } from '../data/set-checks.ts';
import { classesOf } from '../loop/labels.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { isError } from './check-dataset.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Images as a listing names them; nobody has opened one. */
export interface ListedSet {
  images: number;
  perClass: ClassCounts;
  /** Problems that would stop the loop at its start. */
  errors: number;
}

/** What the places that a spec names hold. */
export interface PlanSources {
  classes: string[];
  /** Null with the people collector. */
  pool: ListedSet | null;
  evaluation: ListedSet | null;
}

/**
 * Lists pool and evaluation set as the loop will, without opening an image.
 * @throws SourceUnreadableError when one cannot be read at all; CliError (exit 7) when no class can be told.
 */
export async function readPlanSources(spec: LoopSpec): Promise<PlanSources> {
  const { collector, evaluation } = spec;
  const pool = collector.kind === 'pool' ? await listed(collector.path, spec, 'leave-out') : null;
  const yardstick = evaluation ? await listed(evaluation.path, spec, 'error') : null;
  const classes = spec.classes ?? pool?.classes ?? [];
  if (classes.length > 0 || collector.kind !== 'pool') return { classes, pool, evaluation: yardstick };
  throw new CliError(`No class can be read from ${collector.path}, so there is nothing to plan with.`, {
    exitCode: EXIT.checksFailed,
    next: `See what is wrong with it: deltaloop check ${collector.path}${spec.task === 'detection' ? ' --task detection' : ''}`,
  });
}

async function listed(
  path: string,
  { task, classes: wanted }: LoopSpec,
  extraClasses: 'leave-out' | 'error',
): Promise<ListedSet & { classes: string[] }> {
  const { classes, items, findings } = await readListing(path, {
    task,
    ...(wanted ? { classes: wanted, extraClasses } : {}),
  });
  return {
    classes,
    // An image without a box is measured on, but never drawn.
    images: extraClasses === 'error' ? items.length : items.filter((item) => classesOf(item).length > 0).length,
    perClass: countPerClass(items, classes),
    errors: findings.filter(isError).length,
  };
}
