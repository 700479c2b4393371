import { expectedWords, neededWords, tooFewWords } from '../decide/forecast/words.ts';
import { asGiven, decimal, percent, plural, whole } from '../decide/format.ts';
import type { Forecast, NeededImages } from '../loop/forecast.ts';
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
export function forecastInWords({ forecast, target, ended }: LearningCurve): string {
  if (!forecast) return '';
  if (!forecast.extrapolates) return `Nothing ${ended ? 'was forecast' : 'is forecast yet'}: ${tooFewWords(forecast)}.`;
  const said = target === null ? gainInWords(forecast) : neededInWords(forecast.needed, target);
  if (said === '') return '';
  return [`The ${ended ? 'last ' : ''}forecast says: ${said}.`, oddsInWords(forecast)].filter(Boolean).join(' ');
}

function gainInWords({ gainOfDoubling }: Forecast): string {
  return gainOfDoubling === null ? '' : `twice the images gain at least the margin with ${percent(gainOfDoubling)}`;
}

function neededInWords(needed: NeededImages | null, target: number): string {
  return needed === null ? '' : `${neededWords(needed)} for target ${asGiven(target)}`;
}

function oddsInWords({ probabilities }: Forecast): string {
  if (probabilities === null) return '';
  const { claim, grow, giveUp } = probabilities;
  return `Met now: ${percent(claim)}; later within the caps: ${percent(grow)}; out of their reach: ${percent(giveUp)}.`;
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
