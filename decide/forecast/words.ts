import type { Forecast, NeededImages, Range80 } from '../../loop/forecast.ts';
import { asGiven, decimal, percent, percentAsGiven, plural, roughly, roughlyAtLeast, whole } from '../format.ts';
import { ENOUGH_POINTS, leastGain } from './forecast.ts';

/**
 * The images still needed, as a range and never as a point alone, to two digits: `about 120 more images (80 % between 70 and 260)`. The
 * ends of an 80 % interval have a tenth of the probability outside of each.
 */
export function neededWords({ low, median, high }: NeededImages): string {
  if (median === null) {
    const least = low > 0 ? ` (at least ${whole(roughlyAtLeast(low))} more, with 90 %)` : '';
    return `probably more images than are within reach${least}`;
  }
  const from = whole(roughlyAtLeast(low));
  const reach = high === null ? `from ${from} to beyond reach` : `between ${from} and ${whole(roughly(high))}`;
  const middle = median === 0 ? 'perhaps no more images' : `about ${plural(roughly(median), 'more image')}`;
  return `${middle} (80 % ${reach})`;
}

/** Where the true metric lies: `80 % between 0.86 and 0.90`. */
export function expectedWords({ low, high }: Pick<Range80, 'low' | 'high'>, digits?: number): string {
  return `80 % between ${decimal(low, digits)} and ${decimal(high, digits)}`;
}

/** Why nothing is forecast: `2 points of the curve, too few to extrapolate (3 are needed)`. */
export function tooFewWords({ points }: Pick<Forecast, 'points'>): string {
  return `${plural(points, 'point')} of the curve, too few to extrapolate (${ENOUGH_POINTS} are needed)`;
}

/** What a forecast's words depend on beside it. */
export interface Judged {
  target: number | null;
  margin: number;
  /** Rounds that were measured. */
  rounds: number;
  /** A cap or the collector limits the images; otherwise the horizon is only as far as the forecast looks. */
  limited: boolean;
  /** The present measurement reaches the target: it is then not given up. */
  reached: boolean;
}

/**
 * What the forecast judges, as a part of a sentence: the target met, out of reach, or within reach with the images it needs; below
 * three points that nothing is extrapolated. Probabilities never round across what they are held against.
 */
export function forecastWords(forecast: Forecast, judged: Judged): string {
  const { probabilities, extrapolates } = forecast;
  if (judged.target === null) return extrapolates ? gainWords(forecast, judged.margin) : tooFewWords(forecast);
  if (probabilities === null) return extrapolates ? '' : tooFewWords(forecast);
  const met = metWords(forecast, judged.target);
  if (probabilities.claim >= forecast.used.confidence) return met;
  return `${met}; ${extrapolates ? reachWords(forecast, judged) : tooFewWords(forecast)}`;
}

/** `twice the images gain 0.01 or more with a probability of 12 % (25 % is needed to go on)`. */
export function gainWords({ gainOfDoubling, used }: Forecast, margin: number): string {
  return `twice the images gain ${asGiven(leastGain(margin))} or more with a probability of ${chance(gainOfDoubling ?? 0, used.giveUp)} (${percentAsGiven(used.giveUp)} is needed to go on)`;
}

/** `the target 0.90 is met with a probability of 44 % (75 % is needed)`. */
function metWords({ probabilities, used }: Forecast, target: number): string {
  return `the target ${asGiven(target)} is met with a probability of ${chance(probabilities?.claim ?? 0, used.confidence)} (${percentAsGiven(used.confidence)} is needed)`;
}

/** `with 600 images it is 93 %; about 18 more images (80 % between 0 and 200) are needed`. */
function reachWords({ probabilities, horizon, needed, next, used }: Forecast, judged: Judged): string {
  if (next === null) return 'no further round is allowed';
  const within = 1 - (probabilities?.giveUp ?? 0);
  const bound = within < used.giveUp ? ` (below ${percentAsGiven(used.giveUp)}${patient(judged)})` : '';
  const far = judged.limited ? '' : ', as far as the forecast looks,';
  const reach = `with ${plural(horizon, 'image')}${far} it is ${chance(within, used.giveUp)}${bound}`;
  return needed === null ? reach : `${reach}; ${neededWords(needed)} are needed`;
}

/** The curves are many, but never all: no probability of theirs is a certainty. */
export function chance(probability: number, bound: number): string {
  return percent(Math.min(1 - 1e-9, Math.max(1e-9, probability)), bound);
}

function patient({ rounds, reached }: Judged): string {
  if (rounds < ENOUGH_POINTS) return `, but nothing is given up before ${ENOUGH_POINTS} rounds`;
  return reached ? ', but a target that was just measured is not given up' : '';
}
