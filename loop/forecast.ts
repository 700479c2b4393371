/** What a forecast of the learning curve is made with. Money is in any one currency. */
export interface ForecastSettings {
  /** The target is claimed when it is met with at least this probability, 0–1. */
  confidence: number;
  /** The loop gives up when the target is within reach of the caps with less than this probability, 0–1. */
  giveUp: number;
  /** Seed of the particles: the same inputs give the same words. */
  seed: number;
  /** `shared`: every round was measured on one frozen set, so most of the error is common; `independent`: on new images each time. */
  looks: 'shared' | 'independent';
  /** Price of one image and of one training hour; null when none was given: a round then costs as much as the first round's images. */
  prices: { image: number; trainingHour: number } | null;
}

/** The defaults of a loop and of the benchmark alike, see `docs/deciding.md`. */
export const FORECAST_DEFAULTS = { confidence: 0.65, giveUp: 0.25, seed: 1, looks: 'shared', prices: null } as const;

/** An 80 % interval with its median. */
export interface Range80 {
  low: number;
  median: number;
  high: number;
}

/** The metric (0–1) that a total of training images is expected to give. */
export interface BandPoint extends Range80 {
  images: number;
}

/** How many more images the target needs, all classes together; null where that is beyond the caps. */
export interface NeededImages {
  low: number;
  median: number | null;
  high: number | null;
}

/** What the posterior over learning curves says after a round. */
export interface Forecast {
  /** Points that it rests on: rounds and nested parts of the first. */
  points: number;
  /** Below three points nothing is extrapolated: the loop grows, and says so; `band` is then empty. */
  extrapolates: boolean;
  /** Target met now, met later within the caps, or out of their reach; they add up to 1. Null without a target or without a metric. */
  probabilities: { claim: number; grow: number; giveUp: number } | null;
  /** Without a target: probability that twice the images gain at least the margin, 0–1. */
  gainOfDoubling: number | null;
  needed: NeededImages | null;
  /** Training images that the caps allow in all; where nothing limits them, as far as the forecast looks. */
  horizon: number;
  /** Training images after the next round, all classes together, before caps of other kinds; null when it would not grow. */
  next: number | null;
  /** The true metric now and, where the next round is known, after it: 80 % intervals, 0–1. */
  present: Range80 | null;
  ahead: Range80 | null;
  /** The curve with its 80 % band over the images from the first point to the horizon. */
  band: BandPoint[];
  /** Every other number that it was made with. */
  used: {
    confidence: number;
    giveUp: number;
    seed: number;
    looks: 'shared' | 'independent';
    /** The value that has to be met for a claim, 0–1; null without a target. */
    bar: number | null;
    /** Price of a training round, in images. */
    roundPrice: number;
    /** Rounds that the caps still allow. */
    roundsLeft: number;
    /** The metric that the next round was planned to show, 0–1, and what the plan is expected to cost, in images; null without a plan. */
    level: number | null;
    expectedCost: number | null;
    particles: number;
    /** Particles that still carry weight. */
    effective: number;
    /** What the variance by which older points stray was multiplied by so that enough particles fit, at least 1. */
    stretch: number;
    /** Standard deviation of each point's own error, and of the error that all share, 0–1. */
    noise: number[];
    sharedNoise: number;
  };
}

/** What the other policy would have done with the same inputs. */
export interface OtherPolicy {
  policy: 'thresholds' | 'forecast';
  action: 'collect' | 'stop';
  /** A name of an outcome; null when collecting. */
  outcome: string | null;
  /** A part of a sentence with its numbers. */
  words: string;
}

/** One class of δ. */
export interface SplitRow {
  className: string;
  /** Training images now. */
  have: number;
  /** Recall, or average precision of a detector, of the present model; 0–1; null when it was not measured. */
  performance: number | null;
  /** Half of its 95 % interval, 0–1. */
  noise: number | null;
  /** New images. */
  collect: number;
}
