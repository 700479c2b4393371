import { wilsonInterval } from '../decide/binomial.ts';
import { roughly } from '../decide/format.ts';
import type { BandPoint, Forecast } from '../loop/forecast.ts';
import type { RoundRecord, SubsetPoint } from '../loop/round.ts';

/** A learning curve as its readers know it: pictures, text and words are made from this alone. */
export interface LearningCurve {
  rounds: RoundRecord[];
  /** Name of the metric; its values are 0–1. */
  metric: string;
  target: number | null;
  /** The smallest gain that counts, 0–1; null where it is not known. */
  margin: number | null;
  /** Images of the evaluation set; null for the hold-out metric, which is drawn without bars. */
  evaluationImages: number | null;
  /** The round whose model is recommended; null when none is. */
  recommendedRound: number | null;
  /** 95 % intervals, 0–1, by round; Wilson's where a round is not named. */
  intervals?: ReadonlyMap<number, [number, number]>;
  /** The forecast of the last decision; absent in loops from before there were forecasts. */
  forecast?: Forecast | undefined;
  /** Models of nested parts of the first round's images. */
  subsets?: readonly Pick<SubsetPoint, 'share' | 'images' | 'metric'>[] | undefined;
  /** Cap on training images, all classes together; null or absent without one. */
  capImages?: number | null | undefined;
  /** The loop has ended: no round follows. */
  ended?: boolean | undefined;
}

/** A round with a metric; values are 0–1. */
export interface DrawnPoint {
  images: number;
  value: number;
  low: number;
  high: number;
  recommended: boolean;
}

/** One axis: images or metric values between the two ends of `domain`. */
export interface Axis {
  type: 'log' | 'linear';
  domain: [number, number];
}

/** What stands in the picture, whoever draws it. */
export interface DrawnCurve {
  points: DrawnPoint[];
  parts: { images: number; value: number }[];
  /** The forecast with its 80 % band; empty where nothing is extrapolated. */
  band: BandPoint[];
  /** The next round as planned. */
  next: BandPoint | null;
  /** The image cap where it is inside the picture. */
  cap: number | null;
  target: number | null;
  /** How far the forecast looks, in images, where the picture ends before that; null where it shows all. */
  cutFrom: number | null;
  x: Axis;
  y: Axis;
}

/** From this growth on, rounds of geometric growth crowd at the left of a linear axis. */
const LOG_FROM = 4;
/** The forecast is drawn to this multiple of the last point: beyond it, what was measured shrinks into a corner. */
const REACH = 8;
/** Without a forecast, a cap up to this multiple of the last point is drawn; one further off would leave the picture empty. */
const CAP_REACH = 2;

/** @returns null when no round has a metric. */
export function drawnCurve(curve: LearningCurve): DrawnCurve | null {
  const points = drawnPoints(curve);
  if (points.length === 0) return null;
  const parts = (curve.subsets ?? []).map(({ images, metric: value }) => ({ images, value }));
  const next = nextRound(curve);
  const { band, end, cutFrom } = drawnBand(curve, Math.max(...points.map(({ images }) => images)), next);
  const cap = curve.capImages && curve.capImages <= end ? curve.capImages : null;
  const sizes = [...points, ...parts, ...band, ...(next ? [next] : [])].map(({ images }) => images);
  const ranges = [...points, ...band, ...(next ? [next] : [])].flatMap(({ low, high }) => [low, high]);
  return {
    points,
    parts,
    band,
    next,
    cap,
    target: curve.target,
    cutFrom,
    x: imageAxis([...sizes, ...(cap === null ? [] : [cap])]),
    y: valueAxis([...ranges, ...parts.map(({ value }) => value), ...(curve.target === null ? [] : [curve.target])]),
  };
}

function drawnPoints({ rounds, evaluationImages, recommendedRound, intervals }: LearningCurve): DrawnPoint[] {
  return rounds.flatMap(({ round, images, metric }) => {
    if (metric === null) return [];
    const known =
      intervals?.get(round) ??
      (evaluationImages === null ? [metric, metric] : wilsonInterval(metric, evaluationImages));
    const [low, high] = known;
    return [{ images, value: metric, low, high, recommended: round === recommendedRound }];
  });
}

function nextRound({ forecast, ended }: LearningCurve): BandPoint | null {
  if (ended || !forecast?.extrapolates || forecast.next === null || forecast.ahead === null) return null;
  return { images: forecast.next, ...forecast.ahead };
}

/** The part of the band that is drawn, and the images up to which the picture goes; `last` is the size of the largest round. */
function drawnBand(
  { forecast }: LearningCurve,
  last: number,
  next: BandPoint | null,
): { band: BandPoint[]; end: number; cutFrom: number | null } {
  const whole = forecast?.band ?? [];
  const horizon = whole.at(-1)?.images;
  if (horizon === undefined) return { band: [], end: last * CAP_REACH, cutFrom: null };
  const most = Math.max(roughly(last * REACH), next?.images ?? 0);
  const end = Math.max(last, next?.images ?? 0, Math.min(horizon, most));
  if (end >= horizon) return { band: whole, end, cutFrom: null };
  const inside = whole.filter(({ images }) => images < end);
  return { band: [...inside, ...bandAt(whole, end)], end, cutFrom: horizon };
}

/** The band at a number of images, between its points on a logarithmic axis as the forecast is; none outside of it. */
export function bandAt(band: readonly BandPoint[], images: number): BandPoint[] {
  const at = band.findIndex((point) => point.images >= images);
  const [before, after] = [band[at - 1], band[at]];
  if (after === undefined || (before === undefined && after.images > images)) return [];
  if (before === undefined) return [{ ...after, images }];
  const part = Math.log(images / before.images) / Math.log(after.images / before.images);
  const between = (key: 'low' | 'median' | 'high') => before[key] + (after[key] - before[key]) * part;
  return [{ images, low: between('low'), median: between('median'), high: between('high') }];
}

/** Whole steps of 0.05 around all that is drawn, inside 0–1. */
function valueAxis(values: number[]): Axis {
  const low = Math.floor(Math.min(...values) * 20 - 0.4) / 20;
  const high = Math.ceil(Math.max(...values) * 20 + 0.4) / 20;
  return { type: 'linear', domain: [Math.max(0, low), Math.min(1, high)] };
}

function imageAxis(images: number[]): Axis {
  const [least, most] = [Math.max(1, Math.min(...images)), Math.max(...images)];
  if (most / least >= LOG_FROM) return { type: 'log', domain: [least / 1.15, most * 1.15] };
  const room = Math.max(1, (most - least) * 0.08);
  return { type: 'linear', domain: [Math.max(0, least - room), most + room] };
}

/** The sizes worth writing on the axis, each once: those of marks, the cap, and where the forecast ends. */
export function axisSizes({ points, parts, next, cap, band }: DrawnCurve): number[] {
  const marks = [...parts, ...points, ...(next ? [next] : []), ...band.slice(-1)].map(({ images }) => images);
  return [...new Set(cap === null ? marks : [...marks, cap])].sort((a, b) => a - b);
}

/** Where a value stands on an axis: 0 at its low end, 1 at its high end. */
export function positionOn({ type, domain }: Axis, value: number): number {
  const [low, high, at] = type === 'log' ? [...domain, value].map(Math.log) : [...domain, value];
  return ((at ?? 0) - (low ?? 0)) / ((high ?? 1) - (low ?? 0));
}

/** The value at a position on an axis: the inverse of `positionOn`. */
export function valueOn({ type, domain: [low, high] }: Axis, position: number): number {
  return type === 'log' ? low * (high / low) ** position : low + (high - low) * position;
}
