import { expectedWords, gainWords, neededWords, tooFewWords } from '../decide/forecast/words.ts';
import { asGiven, decimal, percent, plural, whole } from '../decide/format.ts';
import type { Forecast } from '../loop/forecast.ts';
import { type DrawnCurve, drawnCurve, type LearningCurve } from './drawn-curve.ts';

/** The curve in words, for readers who do not see it. */
export function curveInWords(curve: LearningCurve): string {
  const points = (drawnCurve(curve)?.points ?? []).map(({ images, value }) => `${decimal(value)} at ${whole(images)}`);
  const target = curve.target === null ? '' : `; target ${asGiven(curve.target)}`;
  const cap = curve.capImages ? `; cap ${plural(curve.capImages, 'image')}` : '';
  const measured = `Learning curve: ${curve.metric} by training images: ${points.join(', ')}${target}${cap}.`;
  return [measured, forecastInWords(curve)].filter(Boolean).join(' ');
}

/** What the forecast says, always as a range, in one or two sentences; empty where there is none. */
export function forecastInWords({ forecast, target, margin, ended }: LearningCurve): string {
  if (!forecast) return '';
  if (!forecast.extrapolates) return `Nothing ${ended ? 'was forecast' : 'is forecast yet'}: ${tooFewWords(forecast)}.`;
  const said = target === null ? gainInWords(forecast, margin) : neededInWords(forecast, target);
  return [
    said && `The ${ended ? 'last ' : ''}forecast says: ${said}.`,
    target === null ? '' : oddsInWords(forecast, target),
  ]
    .filter(Boolean)
    .join(' ');
}

function gainInWords(forecast: Forecast, margin: number | null): string {
  return forecast.gainOfDoubling === null || margin === null ? '' : gainWords(forecast, margin);
}

/** Nothing where the target is claimed: no more images are needed then. */
function neededInWords({ needed, probabilities, used }: Forecast, target: number): string {
  const claimed = probabilities !== null && probabilities.claim >= used.confidence;
  return needed === null || claimed ? '' : `${neededWords(needed)} for target ${asGiven(target)}`;
}

function oddsInWords({ probabilities, used }: Forecast, target: number): string {
  if (probabilities === null) return '';
  const { claim, grow, giveUp } = probabilities;
  const now = `met now with a probability of ${percent(claim, used.confidence)}`;
  const never = `out of their reach with ${percent(giveUp, 1 - used.giveUp)}`;
  return `The target ${asGiven(target)} is ${now}, later within the caps with ${percent(grow)}, and ${never}.`;
}

/** How to read the picture: bars, marks, band, and what of cap and forecast lies beyond its edge; empty where there is none. */
export function pictureInWords(curve: LearningCurve, bars: string): string {
  const drawn = drawnCurve(curve);
  if (drawn === null) return '';
  return [
    bandInWords(drawn),
    edgeInWords(curve, drawn),
    bars,
    drawn.parts.length > 0 ? 'Hollow points: trained on parts of the first round’s images.' : '',
    curve.recommendedRound === null ? '' : 'The ring marks the recommended round.',
  ]
    .filter(Boolean)
    .join(' ');
}

function bandInWords({ band, next }: DrawnCurve): string {
  if (band.length === 0) return '';
  const planned =
    next === null
      ? ''
      : `; the diamond is the next round, with ${plural(next.images, 'image')} in all: ${expectedWords(next)}`;
  return `The band is the 80 % interval of the forecast, the dotted line its median${planned}.`;
}

function edgeInWords({ capImages }: LearningCurve, { band, cap, cutFrom }: DrawnCurve): string {
  const end = band.at(-1)?.images;
  const cut =
    cutFrom === null || end === undefined
      ? ''
      : `The forecast goes on to ${plural(cutFrom, 'image')}; the picture ends at ${whole(end)}, so that the measured points stay readable.`;
  const far = capImages && cap === null ? `The cap of ${plural(capImages, 'image')} lies beyond the picture.` : '';
  return [cut, far].filter(Boolean).join(' ');
}
