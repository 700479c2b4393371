import type { Finding } from './finding.ts';
import type { Forecast, ForecastSettings, OtherPolicy, SplitRow } from './forecast.ts';
import type { Labelled } from './labels.ts';
import type { Outcome } from './outcome.ts';

/** A file in a loop's folder: its address (`file:` URL) and the SHA-256 of its bytes in hex. */
export interface FileRef {
  uri: string;
  sha256: string;
}

/** Images per class. */
export type ClassCounts = Record<string, number>;

/** One image that a loop owns, stored once as `images/<sha256>.<ext>`. */
export interface StoredImage extends Labelled {
  sha256: string;
  /** SHA-256 of the decoded pixels (sRGB, alpha kept, EXIF orientation applied) in hex. */
  pixelSha256: string;
  /** File name inside the loop's `images` folder. */
  file: string;
  /** Pixels. */
  width: number;
  height: number;
  /** Images of one group (a glyph, a video) never stand on both sides of a split. */
  group?: string;
}

/** What one round added: `rounds/N/draw.json`. */
export interface RoundDraw {
  schemaVersion: 1;
  round: number;
  images: StoredImage[];
  /** Classes that could not give what was asked, with what they lack. */
  short: ClassCounts;
  /** Nothing is left in any class that was asked. */
  exhausted: boolean;
  /** Detection: images of a class beyond what was asked so far, which came with images of other classes. */
  surplus?: ClassCounts;
  /** Images that were passed over, and why. */
  findings: Finding[];
  /** SHA-256 of images that can never be drawn, because they equal another image; later rounds do not open them. */
  passedOver: string[];
}

/** The loop whose images another one took over at its start. */
export interface LoopOrigin {
  loop: string;
  instanceId: string;
}

/** `seed.json`: the images that a loop took over; they belong to its first round. */
export interface SeedFile {
  schemaVersion: 1;
  from: LoopOrigin;
  images: StoredImage[];
}

/** The compact record of a round: a row of the rounds table, carried in the workflow's state. */
export interface RoundRecord {
  round: number;
  /** Training images, all classes together. */
  images: number;
  newImages: number;
  /** Smallest and largest number of training images of a class. */
  perClass: [number, number];
  /** Null for a round without a metric. */
  model: string | null;
  /** 0–1. */
  metric: number | null;
  /** Half-width of what chance alone explains in the comparison, 0–1. */
  noise: number | null;
  gain: number | null;
  comparedWith: number | null;
  /** Compute minutes billed for this round. */
  billedMinutes: number;
  action: 'collect' | 'stop';
  /** The decision in a few words: `collect 8 per class`, `stop: target-reached`. */
  decision: string;
}

/** A point of the learning curve as the deciding code sees it. */
export interface CurvePoint {
  round: number;
  /** Training images, all classes together. */
  images: number;
  model: string;
  /** 0–1. */
  metric: number;
  /** Verdicts on the evaluation set for the metric in question, see `VerdictsFileSchema`; null when not predicted. */
  verdicts: string | null;
  /** For a metric that is not made of verdicts: what resampling the evaluation images says; absent when not predicted. */
  resampled?: ResampledPoint;
  /** Training images per class of this point; absent where it is not known. */
  perClass?: ClassCounts;
}

/**
 * A model trained on a nested part of the first round's images: a point of the curve that cost no images. It is no round: nothing is
 * compared with it, and it is never recommended.
 */
export interface SubsetPoint {
  /** The part of the first round's images, 0–1: ¼ or ½. */
  share: number;
  images: number;
  /** 0–1. */
  metric: number;
  /** As of a `CurvePoint`. */
  verdicts: string | null;
}

/** How well the present model knows one class. */
export interface ClassPerformance {
  /** Recall of a classifier's class, average precision at an overlap of 0.5 of a detector's; 0–1. */
  value: number;
  /** Evaluation images that show the class. */
  images: number;
}

/** The bootstrap of a point's metric, in a few numbers: large files of predictions are not needed to decide again. */
export interface ResampledPoint {
  resamples: number;
  seed: number;
  /** 95 % interval of the metric, 0–1. */
  interval: [number, number];
  /** The noise against each earlier point that was predicted too. */
  against: ResampledNoise[];
}

export interface ResampledNoise {
  round: number;
  /** `paired`: both metrics on the same draws of images; `two-sample`: each by itself, since too few images are in both. */
  kind: 'paired' | 'two-sample';
  /** The smallest gain that chance does not explain, 0–1. */
  value: number;
  /** Share of the evaluation set predicted in both rounds, 0–1. */
  predicted: number;
}

/** What was used and what is allowed, at the moment of deciding. */
export interface CapsState {
  /** Compute minutes. */
  settledMinutes: number;
  capMinutes: number;
  /** Whole compute hours that the next training would reserve. */
  nextTrainingHours: number;
  images: number;
  capImages: number | null;
  capRounds: number;
  deadlinePassed: boolean;
  /** Compute minutes that this round's training took; absent when nothing was trained, or in records from before forecasts. */
  roundMinutes?: number;
  /** Images that the collector could still give, all classes together; absent when nobody can tell. */
  available?: number;
}

export interface DecisionSettings {
  /** Absent for classification. */
  task?: 'detection';
  metric: string;
  target: number | null;
  claim: 'measured' | 'lower-bound';
  margin: number;
  patience: number;
  delta:
    | { kind: 'geometric'; factor: number }
    | { kind: 'fixed'; imagesPerClass: number }
    /** From the posterior over learning curves. */
    | { kind: 'forecast' };
  /** Images of the evaluation set; null when the hold-out metric is used. */
  evaluationImages: number | null;
  /** Set when the last collecting gave nothing new or every class ran out. */
  collectorExhausted: boolean;
  /** The policy that acts; absent in records from before there were two: `thresholds`, and nothing is said of another. */
  policy?: 'thresholds' | 'forecast';
  /** What the forecast is made with; present whenever `policy` is. */
  forecast?: ForecastSettings;
  /** The largest class of a training set over its smallest, at most; 2 when absent. */
  classRatio?: number;
}

/** Everything that a decision depends on: recorded in `rounds/N/decision.json`, so that it can be made again. */
export interface DecisionInput {
  round: number;
  /** Rounds with a metric, in order; may lack the present round (a round without a metric). */
  history: CurvePoint[];
  settings: DecisionSettings;
  caps: CapsState;
  /** Training images per class now. */
  perClass: ClassCounts;
  /** Detection: classes that could not give what this round asked; absent when there are none. */
  ranShort?: string[];
  /** Rounds in a row that gave no metric, the present one included. */
  withoutMetric: number;
  /** Why and by whom the rest of the round was skipped; absent for every other round. */
  skipped?: string;
  /** Models of nested parts of the first round's images, smallest first; absent when there are none. */
  subsets?: SubsetPoint[];
  /** The present model by class; absent when it was not measured. */
  performance?: Record<string, ClassPerformance>;
}

export interface Decision {
  round: number;
  action: 'collect' | 'stop';
  outcome: Outcome | null;
  metric: number | null;
  /** Round compared with; null for the first point. */
  comparedWith: number | null;
  gain: number | null;
  /** The noise of the comparison, 0–1: the smallest gain that chance does not explain. */
  noise: number | null;
  /** M = max(margin, noise): what a gain must reach. */
  threshold: number | null;
  realGain: boolean;
  roundsWithoutImprovement: number;
  /** 95 % interval of the metric, 0–1: Wilson’s, or a bootstrap’s for a detector. */
  interval: [number, number] | null;
  /** One sentence with its numbers. */
  sentence: string;
  /** Said beside the sentence: evaluation set too small, hold-out metric, a claim below its lower bound. */
  warnings: string[];
  /** New images per class for the next round; null when stopping. */
  delta: ClassCounts | null;
  /** Detection: images that the next round may take at most, since one counts for every class that it shows; absent otherwise. */
  atMost?: number;
  /** The forecast, whichever policy acts; absent in records from before there were forecasts. */
  forecast?: Forecast;
  /** What the policy that does not act would have done; absent as `forecast`. */
  other?: OtherPolicy;
  /** δ class by class, with the reason; absent when stopping, or where classes are not told apart. */
  split?: SplitRow[];
}
