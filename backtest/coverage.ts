import { decisionInputOf } from '../decide/answer.ts';
import { forecastOf } from '../decide/forecast/forecast.ts';
import { DecisionRequestSchema } from '../loop/decision-request.ts';
import type { Forecast } from '../loop/forecast.ts';
import { type Curve, imagesFor, metricAt } from './curve.ts';
import type { Evaluation } from './evaluation.ts';
import { evaluationsOf, type Measuring } from './run.ts';
import type { Seen } from './strategy.ts';
import { type Target, targetsOf } from './targets.ts';

/** Rounds of the histories, each of twice the images of the one before. */
const ROUNDS = { fewest: 3, most: 5 };
/** The band is judged where it looks ahead: from so many times the present images. */
const AHEAD = 1.3;
/** Ranges are told in whole images and in thousandths of the metric. */
const HALF_AN_IMAGE = 0.5;
const HALF_A_THOUSANDTH = 0.0005;

/** How many ranges held the truth, and how many times it lay below or above them. */
export interface Held {
  cases: number;
  inside: number;
  below: number;
  above: number;
}

/** The ranges of a forecast: images still needed, the metric ahead, the metric now. */
export type Coverage = Record<'needed' | 'band' | 'present', Held>;

/** A truth with the range that was told for it. */
interface Told {
  truth: number;
  low: number;
  high: number;
}

/**
 * How often the forecast's 80 % ranges hold on one curve, for every attainable target and seed: the very code of a loop sees three to
 * five rounds of doubling sizes, and is held against the curve.
 */
export function coverageOf(curve: Curve, measuring: Measuring): Coverage {
  const attainable = targetsOf(curve).filter(({ kind }) => kind !== 'unattainable');
  const held = attainable.flatMap((target) =>
    evaluationsOf(curve, target, measuring).map((evaluation) =>
      allCoverage(histories(curve, evaluation).map((seen) => heldAfter({ curve, target, seen }, measuring))),
    ),
  );
  return allCoverage(held);
}

/** What is looked at once serves the longer histories too. */
function histories(curve: Curve, evaluation: Evaluation): Seen[][] {
  const sizes = Array.from({ length: ROUNDS.most }, (_, round) => curve.start * 2 ** round);
  const seen = sizes
    .filter((images) => images < curve.cap)
    .map((images) => ({ images, metric: evaluation.look(metricAt(curve, images), images) }));
  const lengths = Array.from({ length: ROUNDS.most - ROUNDS.fewest + 1 }, (_, more) => ROUNDS.fewest + more);
  return lengths.filter((rounds) => rounds <= seen.length).map((rounds) => seen.slice(0, rounds));
}

interface Case {
  curve: Curve;
  target: Target;
  seen: Seen[];
}

function heldAfter(of: Case, { evaluationImages, looks }: Measuring): Coverage {
  const { curve, target, seen } = of;
  const request = DecisionRequestSchema.parse({
    history: seen,
    settings: { target: target.value, evaluationImages, looks },
    caps: { images: curve.cap },
  });
  const forecast = forecastOf(decisionInputOf(request));
  return forecast === null ? allCoverage([]) : heldBy(forecast, of);
}

function heldBy({ needed, band, present, used }: Forecast, { curve, seen }: Case): Coverage {
  const now = seen.at(-1)?.images ?? curve.start;
  const truth = imagesFor(curve, used.bar ?? Number.NaN);
  // What is met already needs no images; what the curve meets beyond its end is not known.
  const told = needed === null || truth === null || truth <= now ? [] : [{ needed, truth: truth - now }];
  const ahead = band.filter(({ images }) => images > AHEAD * now);
  return {
    needed: counted(
      told.map(({ needed: { low, high }, truth: images }) => ({
        truth: images,
        low: low - HALF_AN_IMAGE,
        high: high === null ? Number.POSITIVE_INFINITY : high + HALF_AN_IMAGE,
      })),
    ),
    band: counted(ahead.map((point) => toldMetric(metricAt(curve, point.images), point))),
    present: counted(present === null ? [] : [toldMetric(metricAt(curve, now), present)]),
  };
}

function toldMetric(truth: number, { low, high }: { low: number; high: number }): Told {
  return { truth, low: low - HALF_A_THOUSANDTH, high: high + HALF_A_THOUSANDTH };
}

function counted(told: readonly Told[]): Held {
  const below = told.filter(({ truth, low }) => truth < low).length;
  const above = told.filter(({ truth, high }) => truth > high).length;
  return { cases: told.length, inside: told.length - below - above, below, above };
}

/** All counts together. */
export function allCoverage(parts: readonly Coverage[]): Coverage {
  const sum = (range: keyof Coverage): Held => ({
    cases: parts.reduce((total, part) => total + part[range].cases, 0),
    inside: parts.reduce((total, part) => total + part[range].inside, 0),
    below: parts.reduce((total, part) => total + part[range].below, 0),
    above: parts.reduce((total, part) => total + part[range].above, 0),
  });
  return { needed: sum('needed'), band: sum('band'), present: sum('present') };
}
