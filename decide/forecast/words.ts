import type { Forecast, NeededImages, Range80 } from '../../loop/forecast.ts';
import type { DecisionSettings } from '../../loop/round.ts';
import { asGiven, decimal, digitsWhere, plural, roughly, shown, whole } from '../format.ts';
import { ENOUGH_POINTS } from './forecast.ts';

/** Decimals at which a printed probability stands on the right side of its printed bound. */
function chance(probability: number, bound: number): string {
  return decimal(
    probability,
    digitsWhere((digits) => shown(probability, digits) >= bound === probability >= bound),
  );
}

/**
 * The images still needed, as a range and never as a point alone, to two digits: `about 120 more images (80 % between 70 and 260)`. The
 * ends of an 80 % interval have a tenth of the probability outside of each.
 */
export function neededWords({ low, median, high }: NeededImages): string {
  if (median === null) {
    const least = low > 0 ? ` (at least ${estimate(low)} more, with 90 %)` : '';
    return `more images than are within reach${least}`;
  }
  const reach =
    high === null ? `from ${estimate(low)} to beyond reach` : `between ${estimate(low)} and ${estimate(high)}`;
  const middle = median === 0 ? 'probably no more images' : `about ${plural(roughly(median), 'more image')}`;
  return `${middle} (80 % ${reach})`;
}

function estimate(images: number): string {
  return whole(roughly(images));
}

/** Where the true metric lies: `80 % between 0.86 and 0.90`. */
export function expectedWords({ low, high }: Pick<Range80, 'low' | 'high'>, digits?: number): string {
  return `80 % between ${decimal(low, digits)} and ${decimal(high, digits)}`;
}

/** Why nothing is forecast: `2 points of the curve, too few to extrapolate (3 are needed)`. */
export function tooFewWords({ points }: Pick<Forecast, 'points'>): string {
  return `${plural(points, 'point')} of the curve, too few to extrapolate (${ENOUGH_POINTS} are needed)`;
}

/**
 * What the forecast judges, as a part of a sentence: the target claimed, out of reach, or within reach with the images it needs; below
 * three points that nothing is extrapolated.
 */
export function forecastWords(forecast: Forecast, settings: Pick<DecisionSettings, 'target' | 'margin'>): string {
  const { probabilities, gainOfDoubling, extrapolates, needed, horizon, used } = forecast;
  const { target, margin } = settings;
  if (target === null) {
    if (!extrapolates) return tooFewWords(forecast);
    const gain = gainOfDoubling ?? 0;
    return `twice the images would gain ${asGiven(margin)} with probability ${chance(gain, used.giveUp)} (${asGiven(used.giveUp)} is enough to go on)`;
  }
  if (probabilities === null) return extrapolates ? '' : tooFewWords(forecast);
  const { claim, giveUp } = probabilities;
  if (claim >= used.confidence)
    return `the target ${asGiven(target)} is met with probability ${chance(claim, used.confidence)} (${asGiven(used.confidence)} is enough)`;
  const met = `the target ${asGiven(target)} is met with probability ${chance(claim, used.confidence)}`;
  if (!extrapolates) return `${met}; ${tooFewWords(forecast)}`;
  const within = 1 - giveUp;
  const reach = `within reach of ${plural(horizon, 'image')} with ${chance(within, used.giveUp)}`;
  if (within < used.giveUp) return `${met}, ${reach} (below ${asGiven(used.giveUp)})`;
  return needed === null ? `${met}, ${reach}` : `${met}, ${reach}, and needs ${neededWords(needed)}`;
}
