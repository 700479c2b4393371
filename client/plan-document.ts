import { totalOf } from '../decide/delta.ts';
import { type FirstParts, firstParts } from '../decide/first-parts.ts';
import { plural } from '../decide/format.ts';
import type { RoundsPlan } from '../decide/plan-growth.ts';
import {
  mostHours,
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
import { firstRound } from './first-round.ts';
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

/** An evaluation set that holds nothing of the loop's classes. */
interface NoImages {
  images: 0;
  gain: null;
  enough: null;
  supposing: null;
}

/** The figures of a plan. */
export interface PlanDocument extends Pick<LoopSpec, 'policy' | 'delta' | 'forecast'> {
  schemaVersion: 1;
  target: number | null;
  loop: string;
  title: string;
  classes: string[];
  firstRound: { images: number; perClass: ClassCounts } & FirstParts;
  /** Of a forecast: at the slowest pace. `costSoFar` is null without prices. */
  rounds: (PlannedRound & { costSoFar: number | null })[];
  end: Projection['end'];
  /** Of a forecast: rounds to the most images that cap and source allow, hours aside; null otherwise, or where nothing limits them. */
  toImageLimit: RoundsToLimit | null;
  /** What the rounds reserve and own at most, at any pace; null where nothing limits it. Trainings may have to be repeated: see `repeated`. */
  worst: { hours: number; images: number | null; cost: number | null };
  /** The same with every hour that the cap allows, which no number of repeated trainings goes past. */
  repeated: { hours: number; cost: number | null };
  /** Null without an evaluation set. */
  evaluation: ({ images: number } & VisibleGain) | NoImages | null;
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
    target: plan.target,
    policy,
    delta,
    forecast,
    prices,
    classes: sources.classes,
    firstRound: { images: totalOf(plan.need), perClass: plan.need, ...first },
    rounds: rounds.map((round) => ({ ...round, costSoFar: costOf(spec, round.images, round.hoursSoFar) })),
    end,
    toImageLimit: delta.kind === 'forecast' ? roundsToLimit(plan) : null,
    ...worstOf(plan, spec),
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
  const need = firstRound(spec, classes, service.minImagesPerClass);
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

function worstOf(plan: RoundsPlan, spec: LoopSpec): Pick<PlanDocument, 'worst' | 'repeated'> {
  const cap = plan.caps.minutes / 60;
  const hours = Math.min(cap, mostHours(plan));
  const images = mostImages(plan);
  const unbounded = images === null && spec.prices?.image !== 0;
  const cost = (spent: number) => (unbounded ? null : costOf(spec, images ?? 0, spent));
  return { worst: { hours, images, cost: cost(hours) }, repeated: { hours: cap, cost: cost(cap) } };
}

function visibleOn(spec: LoopSpec, { evaluation }: PlanSources): PlanDocument['evaluation'] {
  if (evaluation === null) return null;
  if (evaluation.images === 0) return { images: 0, gain: null, enough: null, supposing: null };
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
