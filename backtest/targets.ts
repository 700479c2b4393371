import { type Curve, imagesFor, metricAt } from './curve.ts';

export const REACHES = ['near', 'mid', 'far'] as const;
export type Reach = (typeof REACHES)[number];

/** One target of a curve. */
export interface Target {
  kind: Reach | 'unattainable';
  /** 0–1. */
  value: number;
  /** The fewest images that reach it (a fraction of one allowed); null for one that is out of reach. */
  needed: number | null;
}

/** Where on the way from the first round to the cap, in ln n, a target lies. */
const DEPTH: Record<Reach, number> = { near: 0.25, mid: 0.5, far: 0.8 };
const LEAST_GAIN = 0.02;
const LEAST_GROWTH = 1.2;
const BEYOND = { least: 0.03, shareOfError: 0.25, most: 0.999 };
// A target is taken from the curve itself: rounding must not put it above the plateau that it came from.
const ROUNDING = 1e-12;

/**
 * The targets that a curve is tried with: near, mid and far, where they ask for a real gain over the first round, and one above the
 * curve’s best value, unless that would be practically 1.
 */
export function targetsOf(curve: Curve): Target[] {
  const attainable = REACHES.map((reach) => attainableTarget(curve, reach));
  return [...attainable, unattainableTarget(curve)].filter((target) => target !== null);
}

function attainableTarget(curve: Curve, kind: Reach): Target | null {
  const { start, cap } = curve;
  const value = metricAt(curve, start * (cap / start) ** DEPTH[kind]);
  const needed = imagesFor(curve, value - ROUNDING);
  if (needed === null || value - metricAt(curve, start) < LEAST_GAIN || needed <= LEAST_GROWTH * start) return null;
  return { kind, value, needed };
}

function unattainableTarget(curve: Curve): Target | null {
  const best = metricAt(curve, curve.cap);
  const value = best + Math.max(BEYOND.least, BEYOND.shareOfError * (1 - best));
  return value < BEYOND.most ? { kind: 'unattainable', value, needed: null } : null;
}
