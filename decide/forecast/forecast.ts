import { FORECAST_DEFAULTS, type Forecast, type ForecastSettings } from '../../loop/forecast.ts';
import type { DecisionInput } from '../../loop/round.ts';
import { GROWTH_WITHOUT_FORECAST } from '../delta.ts';
import { normalQuantile } from '../normal.ts';
import { type Evidence, evidenceOf, MISFIT } from './evidence.ts';
import { PARTICLES, particlesOf } from './particles.ts';
import { bestGrowth, bounded, MOST_GROWTH, neededImages, nextSize, type Plan } from './plan.ts';
import {
  metricsAt,
  type Posterior,
  posteriorOf,
  probabilityAt,
  probabilityNow,
  rangeAt,
  rangeNow,
} from './posterior.ts';

/** Fewer points are not extrapolated (rules, "Size of δ"). */
export const ENOUGH_POINTS = 3;
/** How far a forecast looks where neither a cap nor the pool ends it, as a multiple of the present images. */
const FAR = 32;
/** Rounds from which their number limits nothing any more. */
const PLANNED_ROUNDS = 12;
/** Points of the drawn band. */
const BAND = 17;
/** Images of a hold-out, when a coming one has to be supposed. */
const HOLD_OUT_SUPPOSED = 100;
const MOST_TOLERANCE = 0.005;
/** Every drawn curve rises a little for ever; with a margin of 0 a tenth of a point counts. */
const LEAST_GAIN = 0.001;
const EARLY_CONFIDENCE = 0.9;
const LOWER_BOUND_CONFIDENCE = 0.975;
/** Prices are told as a number of images; where images cost nothing, a round costs as good as everything. */
const MOST_ROUND_PRICE = 1e6;

/** What the loop would ask of the forecast, all numbers at hand. */
interface Question {
  input: DecisionInput;
  settings: ForecastSettings;
  evidence: Evidence;
  posterior: Posterior;
  plan: Plan;
  /** The metric to be met, 0–1, and with what probability; null without a target. */
  bar: number | null;
  confidence: number;
}

/**
 * The posterior over learning curves after a round and what follows from it (`decision.md` §5–6): is the target met, can the caps
 * reach it, how many images does it need, how large should the next round be. A pure function: the same input gives the same forecast.
 * @returns null before the first point
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function forecastOf(input: DecisionInput): Forecast | null {
  const evidence = evidenceOf(input);
  if (evidence.observations.length === 0) return null;
  const question = questionOf(input, evidence);
  const { posterior, plan, bar, settings } = question;
  const extrapolates = evidence.observations.length >= ENOUGH_POINTS;
  const { next, level, expectedCost } = sizingOf(question, extrapolates);
  return {
    points: evidence.observations.length,
    extrapolates,
    probabilities: probabilitiesOf(question),
    gainOfDoubling: bar === null ? gainOfDoubling(question) : null,
    needed: bar === null || !extrapolates ? null : neededImages(posterior, plan, bar),
    horizon: plan.horizon,
    next,
    present: isMeasured(input) ? rangeNow(posterior, plan.images) : null,
    ahead: next === null || !extrapolates ? null : rangeAt(posterior, next),
    band: extrapolates ? bandOf(question) : [],
    used: {
      confidence: question.confidence,
      giveUp: settings.giveUp,
      seed: settings.seed,
      looks: settings.looks,
      bar,
      roundPrice: plan.roundPrice,
      roundsLeft: plan.roundsLeft,
      level,
      expectedCost,
      particles: PARTICLES,
      effective: Math.round(posterior.effective),
      stretch: posterior.stretch,
      noise: evidence.observations.map(({ variance, stray }) => Math.sqrt(variance + posterior.stretch * stray)),
      sharedNoise: Math.sqrt(evidence.shared),
    },
  };
}

/**
 * With what probability a target must be met to be claimed, 0–1: the claim confidence, or that of a lower 95 % bound where one is asked
 * for and the evaluation set can tell it.
 */
export function effectiveConfidence({ claim, evaluationImages, forecast }: Dials): number {
  const { confidence } = forecast ?? FORECAST_DEFAULTS;
  const bound = claim === 'lower-bound' && evaluationImages !== null;
  return bound ? Math.max(confidence, LOWER_BOUND_CONFIDENCE) : confidence;
}

/** Before three rounds were measured a claim rests on one lucky look or two, and takes more. */
function confidenceOf({ settings, history }: DecisionInput): number {
  return Math.max(history.length < ENOUGH_POINTS ? EARLY_CONFIDENCE : 0, effectiveConfidence(settings));
}

type Dials = Pick<DecisionInput['settings'], 'claim' | 'evaluationImages' | 'forecast'>;

/** How far below the target a true metric still counts as it, 0–1: half the margin, half a point at most; nothing for a lower bound. */
export function toleranceOf({ claim, margin }: Pick<DecisionInput['settings'], 'claim' | 'margin'>): number {
  return claim === 'lower-bound' ? 0 : Math.min(margin / 2, MOST_TOLERANCE);
}

function questionOf(input: DecisionInput, evidence: Evidence): Question {
  const settings = input.settings.forecast ?? FORECAST_DEFAULTS;
  const { target } = input.settings;
  return {
    input,
    settings,
    evidence,
    posterior: posteriorOf(evidence, particlesOf(settings.seed, classesOf(input))),
    plan: planOf(input, evidence, settings),
    bar: target === null ? null : Math.max(0, target - toleranceOf(input.settings)),
    confidence: confidenceOf(input),
  };
}

/** Guessing finds one class of a classifier in C, and no box at all; one class alone tells nothing of how many there are. */
function classesOf({ settings, perClass }: DecisionInput): number | null {
  if (settings.task === 'detection') return Number.POSITIVE_INFINITY;
  const classes = Object.keys(perClass).length;
  return classes > 1 ? classes : null;
}

function planOf({ caps, round }: DecisionInput, evidence: Evidence, { prices }: ForecastSettings): Plan {
  const images = Math.max(1, caps.images);
  const free = caps.capMinutes - caps.settledMinutes;
  const affordable = Math.floor(free / Math.max(1, caps.nextTrainingHours * 60));
  const roundsLeft = caps.deadlinePassed ? 0 : Math.max(0, Math.min(caps.capRounds - round, affordable));
  return {
    images,
    horizon: horizonOf(caps, images, roundsLeft),
    roundPrice: prices === null ? evidence.unit : roundPriceOf(caps, prices),
    roundsLeft,
  };
}

/** Training images that the caps allow in all: the image cap, what the collector has, and what the rounds left can grow to. */
function horizonOf(caps: DecisionInput['caps'], images: number, roundsLeft: number): number {
  const limits = [caps.capImages, caps.available === undefined ? null : images + caps.available];
  const known = limits.filter((limit): limit is number => limit !== null);
  const most = known.length === 0 ? FAR * images : Math.max(images, Math.min(...known));
  return Math.min(most, images * MOST_GROWTH ** Math.min(roundsLeft, PLANNED_ROUNDS));
}

function roundPriceOf(
  { roundMinutes, nextTrainingHours }: DecisionInput['caps'],
  { image, trainingHour }: NonNullable<ForecastSettings['prices']>,
): number {
  const hours = roundMinutes === undefined ? nextTrainingHours : roundMinutes / 60;
  return Math.min(MOST_ROUND_PRICE, (hours * trainingHour) / Math.max(image, Number.MIN_VALUE));
}

function isMeasured({ history, round }: DecisionInput): boolean {
  return history.at(-1)?.round === round;
}

/** Met now, met later within the caps, out of their reach. */
function probabilitiesOf({ input, posterior, plan, bar }: Question): Forecast['probabilities'] {
  if (bar === null || !isMeasured(input)) return null;
  const claim = Math.min(1, probabilityNow(posterior, plan.images)(bar));
  const later = plan.horizon > plan.images ? probabilityAt(posterior, plan.horizon, bar) : 0;
  const within = Math.min(1, Math.max(claim, later));
  return { claim, grow: within - claim, giveUp: Math.max(0, 1 - within) };
}

/** What twice the images must gain to be worth it, 0–1: the margin, or a tenth of a point. */
export function leastGain(margin: number): number {
  return Math.max(LEAST_GAIN, margin);
}

/** Probability that twice the images gain at least the margin, 0–1. */
function gainOfDoubling({ input, posterior, plan }: Question): number {
  const now = metricsAt(posterior, plan.images);
  const least = leastGain(input.settings.margin);
  return metricsAt(posterior, 2 * plan.images).reduce(
    (sum, metric, at) => sum + (metric - (now[at] ?? 0) >= least ? (posterior.weights[at] ?? 0) : 0),
    0,
  );
}

/** How the next round was sized. */
interface Sizing {
  /** Training images of the next round; null where there is no room. */
  next: number | null;
  /** The metric that it was planned to show, 0–1, and what reaching it is expected to cost, in images; null where nothing was planned. */
  level: number | null;
  expectedCost: number | null;
}

/** What is planned for is a measurement that will allow the claim, noise and all. */
function sizingOf(question: Question, extrapolates: boolean): Sizing {
  const { input, posterior, plan, bar, confidence } = question;
  const unplanned = { level: null, expectedCost: null };
  if (plan.horizon <= plan.images) return { next: null, ...unplanned };
  const given = givenGrowth(input);
  if (given !== null) return { next: Math.min(plan.horizon, plan.images + given), ...unplanned };
  if (!extrapolates) return { next: bounded(GROWTH_WITHOUT_FORECAST * plan.images, plan), ...unplanned };
  if (bar === null) return { next: bestGrowth(posterior, plan), ...unplanned };
  // No measurement exceeds 1: above halfway to it, a plan would wait for what cannot come.
  const level = Math.min((1 + bar) / 2, bar + normalQuantile(confidence) * measuringError(input.settings));
  const { size, cost } = nextSize(posterior, plan, level);
  return { next: size, level, expectedCost: cost };
}

/** New images where the operator's own rule sizes the rounds; null where the forecast does. */
function givenGrowth({ settings: { delta }, perClass, caps }: DecisionInput): number | null {
  if (delta.kind === 'fixed') return delta.imagesPerClass * Object.keys(perClass).length;
  return delta.kind === 'geometric' ? Math.max(1, Math.round(caps.images * (delta.factor - 1))) : null;
}

/** Standard deviation of a measurement of the target around a drawn curve, 0–1. */
export function measuringError({
  target,
  evaluationImages,
}: Pick<DecisionInput['settings'], 'target' | 'evaluationImages'>) {
  const p = target ?? 0.5;
  return Math.sqrt((p * (1 - p)) / (evaluationImages ?? HOLD_OUT_SUPPOSED) + MISFIT ** 2);
}

/** The curve at steps of equal ratio from the first point to the horizon, nothing below what was seen. */
function bandOf({ evidence, posterior, plan }: Question): Forecast['band'] {
  const first = Math.min(...evidence.observations.map(({ images }) => images), plan.images);
  return Array.from({ length: BAND }, (_, at) => {
    const images = first * (plan.horizon / first) ** (at / (BAND - 1));
    return { images: Math.round(images), ...rangeAt(posterior, images) };
  });
}
