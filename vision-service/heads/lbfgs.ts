import { addScaled, dot } from './vectors.ts';

/** Value at a point; writes the gradient there into `gradient`. */
export type Objective = (point: Float64Array, gradient: Float64Array) => Promise<number>;

export interface MinimiseOptions {
  maxIterations: number;
  /** Stops when no entry of the gradient is larger. */
  tolerance: number;
  /** Awaited between iterations: gives way to other work, and throws to stop. */
  pause: () => Promise<void>;
}

const MEMORY = 10;
const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const MAX_TRIALS = 20;

interface Correction {
  step: Float64Array;
  change: Float64Array;
  rho: number;
}

/**
 * Minimises a smooth function by L-BFGS (Nocedal and Wright, "Numerical Optimization", algorithm 7.4, 10 corrections) with a
 * bisection line search for the weak Wolfe conditions. Deterministic; changes `start` in place and returns it.
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  options: MinimiseOptions,
): Promise<Float64Array> {
  const gradient = new Float64Array(start.length);
  const corrections: Correction[] = [];
  let value = await objective(start, gradient);
  for (let iteration = 0; iteration < options.maxIterations; iteration += 1) {
    if (largest(gradient) <= options.tolerance) break;
    await options.pause();
    const direction = descentDirection(gradient, corrections);
    const found = await lineSearch(
      objective,
      { start, gradient, value, direction },
      iteration === 0 ? 1 / norm2(gradient) : 1,
    );
    if (found === null) break;
    remember(corrections, { step: difference(found.point, start), change: difference(found.gradient, gradient) });
    start.set(found.point);
    gradient.set(found.gradient);
    value = found.value;
  }
  return start;
}

/** The two-loop recursion: the inverse Hessian's estimate applied to the negative gradient. */
function descentDirection(gradient: Float64Array, corrections: readonly Correction[]): Float64Array {
  const direction = gradient.map((entry) => -entry);
  const alphas: number[] = [];
  for (const correction of corrections.toReversed()) {
    const alpha = correction.rho * dot(correction.step, direction);
    alphas.push(alpha);
    addScaled(direction, -alpha, correction.change);
  }
  const last = corrections.at(-1);
  if (last !== undefined) scale(direction, 1 / (last.rho * dot(last.change, last.change)));
  for (const correction of corrections) {
    const beta = correction.rho * dot(correction.change, direction);
    addScaled(direction, (alphas.pop() ?? 0) - beta, correction.step);
  }
  return direction;
}

interface Position {
  start: Float64Array;
  gradient: Float64Array;
  value: number;
  direction: Float64Array;
}

/** A step that lowers the value enough and flattens the slope enough; null when none is found. */
async function lineSearch(objective: Objective, at: Position, firstStep: number) {
  const slope = dot(at.gradient, at.direction);
  if (!(slope < 0)) return null;
  const gradient = new Float64Array(at.start.length);
  let [low, high, step] = [0, Number.POSITIVE_INFINITY, firstStep];
  for (let trial = 0; trial < MAX_TRIALS; trial += 1) {
    const point = at.start.slice();
    addScaled(point, step, at.direction);
    const value = await objective(point, gradient);
    if (!(value <= at.value + SUFFICIENT_DECREASE * step * slope)) high = step;
    else if (dot(gradient, at.direction) < CURVATURE * slope) low = step;
    else return { point, gradient, value };
    step = Number.isFinite(high) ? (low + high) / 2 : step * 2;
  }
  return null;
}

function remember(corrections: Correction[], { step, change }: { step: Float64Array; change: Float64Array }): void {
  const curvature = dot(step, change);
  if (curvature <= 1e-14) return;
  corrections.push({ step, change, rho: 1 / curvature });
  if (corrections.length > MEMORY) corrections.shift();
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] ?? 0));
}

function scale(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) * factor;
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function norm2(values: Float64Array): number {
  return Math.sqrt(dot(values, values));
}
