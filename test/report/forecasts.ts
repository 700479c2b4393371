import type { BandPoint, Forecast } from '../../loop/forecast.ts';

export interface ForecastShape {
  /** Images of the first point, of the last round, and as far as the forecast looks. */
  from: number;
  last: number;
  horizon: number;
  next?: number | null;
  /** Where the median curve ends, 0–1. */
  ceiling?: number;
  /** Half-width of the band a decade beyond the last round. */
  spread?: number;
}

/** A forecast along a power law from 0.3 below its ceiling, whose band widens beyond the last round. */
export function forecastOf(shape: ForecastShape): Forecast {
  const { from, horizon, next = null } = shape;
  const sizes = Array.from({ length: 24 }, (_, i) => Math.round(from * (horizon / from) ** (i / 23)));
  return {
    points: 6,
    extrapolates: true,
    probabilities: { claim: 0.18, grow: 0.7, giveUp: 0.12 },
    gainOfDoubling: null,
    needed: { low: 70, median: 120, high: 260 },
    horizon,
    next,
    present: rangeAt(shape, shape.last),
    ahead: next === null ? null : rangeAt(shape, next),
    band: [...new Set(sizes)].map((images) => ({ images, ...rangeAt(shape, images) })),
    used: {
      confidence: 0.65,
      giveUp: 0.2,
      seed: 1,
      looks: 'shared',
      bar: 0.845,
      roundPrice: 18,
      roundsLeft: 17,
      level: 0.86,
      expectedCost: 150,
      particles: 3000,
      effective: 410,
      stretch: 1,
      noise: [0.01],
      sharedNoise: 0.015,
    },
  };
}

function rangeAt(
  { from, last, ceiling = 0.92, spread = 0.05 }: ForecastShape,
  images: number,
): Omit<BandPoint, 'images'> {
  const median = ceiling - 0.31 * (images / from) ** -0.55;
  const beyond = 0.015 + spread * Math.max(0, Math.log10(images / last));
  return { low: Math.max(0, median - 1.3 * beyond), median, high: Math.min(1, median + beyond) };
}

/** What a forecast says before three points. */
export function noForecast(points: number): Forecast {
  const shape = forecastOf({ from: 18, last: 18, horizon: 400 });
  return {
    ...shape,
    points,
    extrapolates: false,
    probabilities: null,
    needed: null,
    next: 30,
    present: null,
    ahead: null,
    band: [],
  };
}
