import { firstRoundNeed, totalOf } from '../decide/delta.ts';
import { type FirstParts, firstParts } from '../decide/first-parts.ts';
import { plural } from '../decide/format.ts';
import type { RoundsPlan } from '../decide/plan-growth.ts';
import {
  mostImages,
  type PlannedRound,
  type Projection,
  projectRounds,
  type RoundsToLimit,
  roundsToLimit,
} from '../decide/plan-rounds.ts';
import { type VisibleGain, visibleGain } from '../decide/visible-gain.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { PlanSources } from './plan-sources.ts';
import { planWarnings } from './plan-warnings.ts';

/** What the vision service demands of a training of this task; whole compute hours by images. */
export interface PlanService {
  minImagesPerClass: number;
  minimumHours: (images: number) => number;
  suggestedHours: (images: number) => number;
}

/** Budget of one training, whole compute hours. */
export interface TrainingBudget {
  images: number;
  minimumHours: number;
  suggestedHours: number;
}

/** The figures of a plan. */
export interface PlanDocument extends Pick<LoopSpec, 'policy' | 'delta' | 'forecast'> {
  schemaVersion: 1;
  loop: string;
  title: string;
  classes: string[];
  firstRound: { images: number; perClass: ClassCounts } & FirstParts;
  /** Of a forecast: at the slowest pace. `costSoFar` is null without prices. */
  rounds: (PlannedRound & { costSoFar: number | null })[];
  end: Projection['end'];
  /** Of a forecast: rounds to the most images that cap and source allow, hours aside; null otherwise, or where nothing limits them. */
  toImageLimit: RoundsToLimit | null;
  /** Under the caps, whatever happens; null where nothing limits it. */
  worst: { hours: number; images: number | null; cost: number | null };
  evaluation: ({ images: number } & VisibleGain) | null;
  budget: {
    /** The operator's own figure; null: what is suggested. */
    trainingHours: number | null;
    first: TrainingBudget;
    last: TrainingBudget;
    /** The cap on hours holds every reservation of `rounds`, uncut. */
    held: boolean;
  };
  caps: { hours: number; images: number | null; rounds: number; deadline: string | null };
  /** The smallest gain that counts, 0–1. */
  margin: number;
  prices: NonNullable<LoopSpec['prices']> | null;
  warnings: string[];
}

/**
 * What a loop would do, from its spec and what its sources list. Pure.
 * @throws CliError (exit 2) when the image cap does not hold a first round.
 */
export function planDocument(spec: LoopSpec, sources: PlanSources, service: PlanService): PlanDocument {
  const { policy, delta, forecast, margin, prices = null } = spec;
  const { plan, first } = roundsPlan(spec, sources, service);
  const { rounds, end } = projectRounds(plan);
  const evaluation = visibleOn(spec, sources);
  return {
    schemaVersion: 1,
    loop: spec.name,
    title: spec.title ?? spec.name,
    policy,
    delta,
    forecast,
    prices,
    classes: sources.classes,
    firstRound: { images: totalOf(plan.need), perClass: plan.need, ...first },
    rounds: rounds.map((round) => ({ ...round, costSoFar: costOf(spec, round.images, round.hoursSoFar) })),
    end,
    toImageLimit: delta.kind === 'forecast' ? roundsToLimit(plan) : null,
    worst: worstOf(plan, spec),
    evaluation,
    budget: budgetOf(spec, service, { plan, rounds, end }),
    caps: { ...spec.caps, images: spec.caps.images ?? null, deadline: spec.caps.deadline ?? null },
    margin,
    warnings: planWarnings(spec, sources, { minimum: service.minImagesPerClass, need: plan.need }),
  };
}

function roundsPlan(
  spec: LoopSpec,
  { classes, pool, evaluation }: PlanSources,
  service: PlanService,
): { plan: RoundsPlan; first: FirstParts } {
  const { caps, delta, policy, target = null, task } = spec;
  const need = firstRoundNeed({ ...spec, capImages: caps.images ?? null }, classes, service.minImagesPerClass);
  if (need === null) throw capTooSmall(spec, classes, service);
  const wanted = (images: number) => spec.training.hours ?? service.suggestedHours(images);
  const plan: RoundsPlan = {
    task,
    delta,
    pace: 'slowest',
    target,
    need,
    parts: [],
    caps: { minutes: Math.floor(caps.hours * 60), images: caps.images ?? null, rounds: caps.rounds },
    available: pool,
    hours: { minimum: service.minimumHours, wanted },
  };
  const parts = firstParts(need, {
    forecast: policy === 'forecast',
    evaluated: evaluation !== null,
    minimum: service.minImagesPerClass,
  });
  const first = heldParts(parts, plan);
  return { plan: { ...plan, parts: first.parts.map(({ images }) => images) }, first };
}

function capTooSmall({ caps }: LoopSpec, classes: string[], { minImagesPerClass }: PlanService): CliError {
  const needed = minImagesPerClass * classes.length;
  return new CliError(
    `caps.images allows ${plural(caps.images ?? 0, 'image')}, but the vision service trains on at least ` +
      `${plural(minImagesPerClass, 'image')} of each of the ${classes.length} classes: the loop would end before its first round.`,
    { exitCode: EXIT.usage, next: `Raise caps.images in the spec to ${needed} or more.` },
  );
}

/** Parts are trained only where the budget has room for all of them beside the whole round. */
function heldParts(first: FirstParts, { hours, need, caps }: RoundsPlan): FirstParts {
  const ofParts = first.parts.reduce((sum, { images }) => sum + hours.wanted(images), 0);
  const whole = hours.wanted(totalOf(need));
  if (ofParts === 0 || ofParts + whole <= Math.floor(caps.minutes / 60)) return first;
  const skipped =
    `No parts of round 1 are trained for the forecast: that takes ${plural(ofParts, 'compute hour')} beside the ${whole} of the round itself, and ` +
    `caps.hours allows ${Math.floor(caps.minutes / 60)}.`;
  return { parts: [], skipped };
}

function costOf({ prices }: LoopSpec, images: number, hours: number): number | null {
  return prices === undefined ? null : images * prices.image + hours * prices.trainingHour;
}

function worstOf(plan: RoundsPlan, spec: LoopSpec): PlanDocument['worst'] {
  const hours = plan.caps.minutes / 60;
  const images = mostImages(plan);
  const free = spec.prices?.image === 0;
  return { hours, images, cost: images === null && !free ? null : costOf(spec, images ?? 0, hours) };
}

function visibleOn(spec: LoopSpec, { evaluation }: PlanSources): PlanDocument['evaluation'] {
  if (evaluation === null || evaluation.images === 0) return null;
  const { margin, target = null, task } = spec;
  const predictions = spec.evaluation?.predictions ?? false;
  const yardstick = { size: evaluation.images, margin, target, predictions };
  return { images: evaluation.images, ...visibleGain({ ...yardstick, ...(task === 'detection' && { task }) }) };
}

function budgetOf(
  { training }: LoopSpec,
  service: PlanService,
  { plan, rounds, end }: Projection & { plan: RoundsPlan },
): PlanDocument['budget'] {
  const of = (images: number): TrainingBudget => ({
    images,
    minimumHours: service.minimumHours(images),
    suggestedHours: service.suggestedHours(images),
  });
  const first = totalOf(plan.need);
  const last = rounds.at(-1);
  const whole = last === undefined || last.reservedHours >= plan.hours.wanted(last.images);
  return {
    trainingHours: training.hours ?? null,
    first: of(first),
    last: of(last?.images ?? first),
    held: whole && end?.outcome !== 'budget-exhausted',
  };
}
