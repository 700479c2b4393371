import { randomNumbers } from '../../loop/random.ts';

/** Curves that are drawn; with the misfit that every point is granted, fewer already decide the same. */
export const PARTICLES = 4000;
/** Share of curves that fall in two steps: real curves have plateaus with a late rise behind them. */
const BROKEN = 0.3;
/** Most memoised draws: a benchmark meets a few numbers of classes, a loop one. */
const MOST_KEPT = 16;
/** Numbers of classes that are supposed, equally often, where nobody says how many there are. */
const SUPPOSED_CLASSES = [2, 3, 5, 10, 10, 10, 10, 26];

/**
 * Learning curves drawn from the prior; x is ln(images / images of the first round), so that a draw serves every size. The error of
 * curve i is floor + (start − floor) · f(x), with f a shifted power law (1 + n/n₁)^−k or a stretched exponential exp(−(n/n₁)^s); of
 * a broken curve f = share · f + (1 − share) / (1 + (n/n₂)^p).
 */
export interface Particles {
  size: number;
  /** Error without images, 0–1 (a little above guessing at most). */
  start: Float64Array;
  /** Error that no number of images goes below. */
  floor: Float64Array;
  /** ln(n₁ / images of the first round). */
  scale: Float64Array;
  /** k, or min(k, 1.2) = s of a stretched exponential. */
  power: Float64Array;
  /** 1 for a power law, 0 for a stretched exponential. */
  isPowerLaw: Uint8Array;
  /** Part of the fall that is not in the late step; 1 where there is none. */
  share: Float64Array;
  /** ln(n₂ / images of the first round), and p. */
  stepScale: Float64Array;
  stepPower: Float64Array;
}

const kept = new Map<string, Particles>();

/**
 * The prior of a seed and a number of classes (`decision.md` §5, the hand-written wide prior, with broken curves added): chance
 * level (1 − 1/C) · U(.75, 1.02), floor = start · Beta(.6, 1.8), k log-uniform in .1–1.6, n₁ lognormal around half the first round.
 * @param classes number of classes; null when not known, infinite where guessing gives nothing (detection)
 */
export function particlesOf(seed: number, classes: number | null): Particles {
  const key = `${seed} ${classes}`;
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const drawn = draw(randomNumbers(seed), classes);
  kept.set(key, drawn);
  return drawn;
}

function draw(random: () => number, classes: number | null): Particles {
  const column = () => new Float64Array(PARTICLES);
  const particles: Particles = {
    size: PARTICLES,
    start: column(),
    floor: column(),
    scale: column(),
    power: column(),
    isPowerLaw: new Uint8Array(PARTICLES),
    share: column(),
    stepScale: column(),
    stepPower: column(),
  };
  for (let i = 0; i < PARTICLES; i += 1) drawOne(particles, i, { random, classes });
  return particles;
}

function drawOne(to: Particles, i: number, { random, classes }: { random: () => number; classes: number | null }) {
  const supposed = classes ?? SUPPOSED_CLASSES[Math.floor(random() * SUPPOSED_CLASSES.length)] ?? 10;
  const start = (1 - 1 / supposed) * (0.75 + 0.27 * random());
  const power = logUniform(0.1, 1.6, random);
  const isPowerLaw = i % 2 === 0;
  to.start[i] = start;
  to.floor[i] = start * beta(0.6, 1.8, random);
  to.power[i] = isPowerLaw ? power : Math.min(power, 1.2);
  to.isPowerLaw[i] = isPowerLaw ? 1 : 0;
  to.scale[i] = Math.log(0.5) + 1.8 * normal(random);
  const broken = random() < BROKEN;
  const [share, step, stepPower] = [0.2 + 0.7 * random(), random() * Math.log(300), 0.8 + 2.2 * random()];
  to.share[i] = broken ? share : 1;
  to.stepScale[i] = step;
  to.stepPower[i] = stepPower;
}

function logUniform(low: number, high: number, random: () => number): number {
  return low * (high / low) ** random();
}

/** Box and Muller's method. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Jöhnk's method, quick for parameters about 1. */
function beta(a: number, b: number, random: () => number): number {
  for (;;) {
    const [x, y] = [random() ** (1 / a), random() ** (1 / b)];
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}

/** The metric (0–1) of curve `i` at x = ln(images / images of the first round); never falls with x. */
export function metricAt(particles: Particles, i: number, x: number): number {
  const { start, floor, scale, power, isPowerLaw, share, stepScale, stepPower } = particles;
  const distance = x - (scale[i] ?? 0);
  const k = power[i] ?? 1;
  let left = isPowerLaw[i] === 1 ? Math.exp(-k * Math.log1p(Math.exp(distance))) : Math.exp(-Math.exp(k * distance));
  const part = share[i] ?? 1;
  if (part < 1) left = part * left + (1 - part) / (1 + Math.exp((stepPower[i] ?? 1) * (x - (stepScale[i] ?? 0))));
  const end = floor[i] ?? 0;
  return 1 - (end + ((start[i] ?? 1) - end) * left);
}
