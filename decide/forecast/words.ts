import type { Forecast, NeededImages, Range80 } from '../../loop/forecast.ts';
import type { DecisionSettings } from '../../loop/round.ts';
import { asGiven, decimal, digitsWhere, plural, range, shown, whole } from '../format.ts';

/** Decimals at which a printed probability stands on the right side of its printed bound. */
function chance(probability: number, bound: number): string {
  return decimal(
    probability,
    digitsWhere((digits) => shown(probability, digits) >= bound === probability >= bound),
  );
}

/** Estimates are told to two digits: 1,283 → 1,300. */
function about(images: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, images))) - 1);
  return Math.round(images / step) * step;
}

/** `about 120 more images (80 % between 70 and 260)`: a range, never a point alone. */
export function neededWords({ low, median, high }: NeededImages, horizon: number): string {
  const beyond = `more than the ${whole(horizon)} within reach`;
  const most = high === null ? beyond : whole(about(high));
  if (median === null) return `at least ${plural(about(low), 'more image')} (80 % interval; upwards ${beyond})`;
  return `about ${plural(about(median), 'more image')} (80 % between ${whole(about(low))} and ${most})`;
}

/** `0.86–0.90 at 80 %`. */
export function expectedWords({ low, high }: Range80): string {
  return `80 % between ${range([low, high])}`;
}

/**
 * What the forecast judges, as a part of a sentence: the target claimed, out of reach, or within reach with the images it needs; below
 * three points that nothing is extrapolated.
 */
export function forecastWords(forecast: Forecast, settings: Pick<DecisionSettings, 'target' | 'margin'>): string {
  const { probabilities, gainOfDoubling, extrapolates, needed, horizon, used } = forecast;
  const { target, margin } = settings;
  if (target === null) {
    if (!extrapolates) return tooFew(forecast);
    const gain = gainOfDoubling ?? 0;
    return `twice the images would gain ${asGiven(margin)} with probability ${chance(gain, used.giveUp)} (${asGiven(used.giveUp)} is enough to go on)`;
  }
  if (probabilities === null) return extrapolates ? '' : tooFew(forecast);
  const { claim, giveUp } = probabilities;
  if (claim >= used.confidence)
    return `the target ${asGiven(target)} is met with probability ${chance(claim, used.confidence)} (${asGiven(used.confidence)} is enough)`;
  const met = `the target ${asGiven(target)} is met with probability ${chance(claim, used.confidence)}`;
  if (!extrapolates) return `${met}; ${tooFew(forecast)}`;
  const within = 1 - giveUp;
  const reach = `within reach of ${plural(horizon, 'image')} with ${chance(within, used.giveUp)}`;
  if (within < used.giveUp) return `${met}, ${reach} (below ${asGiven(used.giveUp)})`;
  return needed === null ? `${met}, ${reach}` : `${met}, ${reach}, and needs ${neededWords(needed, horizon)}`;
}

function tooFew({ points }: Forecast): string {
  return `${plural(points, 'point')} of the curve, too few to extrapolate`;
}
