import type { Finding } from '../loop/finding.ts';
import type { JournalEntry } from '../loop/journal.ts';
import type { Task } from '../loop/metrics.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { Decision, RoundRecord, SubsetPoint } from '../loop/round.ts';
import type { LearningCurve } from './drawn-curve.ts';

/** A small picture that the page carries inside itself. */
export interface Thumbnail {
  /** `data:image/png;base64,…` or another raster type (jpeg, webp, gif, avif). */
  src: string;
  /** The image's own class, or its classes. */
  className: string;
  /** What is written under the picture, e.g. `predicted face (0.91)`; empty for nothing but the class. */
  caption: string;
}

/** What a round's decision says: a `Decision` fits. */
export type DecisionNote = Pick<
  Decision,
  'round' | 'sentence' | 'warnings' | 'realGain' | 'interval' | 'forecast' | 'split'
>;

/** Images of one class. */
export interface ClassRow {
  name: string;
  training: number;
  /** Null without an evaluation set. */
  evaluation: number | null;
  /** Detection: training images beyond what was asked, which came with other classes. */
  surplus?: number;
  /** Detection: average precision of the recommended model at an overlap of 0.5, 0–1; null when it was not measured. */
  averagePrecision50?: number | null;
}

/** A file that a figure of the report comes from. */
export interface ReportFile {
  /** What it is, e.g. `resolved spec`, `images drawn in round 2`. */
  what: string;
  /** Relative to the loop's folder. */
  path: string;
  /** SHA-256 of its bytes in hex. */
  sha256: string;
}

/** A training that the loop asked for. */
export interface TrainingLine {
  round: number;
  model: string;
  /** Whole compute hours reserved. */
  hours: number;
  /** Why this model name was allowed, in words. */
  why: string;
  succeeded: boolean;
  /** Compute minutes that the service reported for a model; null where it brought none. */
  minutes: number | null;
}

/** Everything that a loop's report shows; plain data, so that the page is a function of it alone. */
export interface ReportData {
  loop: string;
  title: string;
  task: Task;
  metric: string;
  /** 0–1. */
  target: number | null;
  /** 0–1. */
  margin: number;
  patience: number;
  /** Images of the evaluation set; null when the hold-out metric is used. */
  evaluationImages: number | null;
  /** Null while the loop runs. */
  result: LoopResult | null;
  /** Cap on training images, all classes together; null without one. */
  capImages: number | null;
  /** Models of nested parts of the first round's images, as the last decision knew them. */
  subsets: readonly Pick<SubsetPoint, 'share' | 'images' | 'metric'>[];
  rounds: RoundRecord[];
  /** In order; absent for loops from before they were recorded. */
  trainings?: TrainingLine[];
  decisions: DecisionNote[];
  classes: ClassRow[];
  /** Said of the whole loop, each one sentence. */
  warnings: string[];
  findings: { round: number | null; finding: Finding }[];
  /** What people said to the loop, in order. */
  journal: readonly JournalEntry[];
  /** Some images that each round drew, a few of every class. */
  drawn: { round: number; images: Thumbnail[] }[];
  /** Some evaluation images that the recommended model got wrong; for detection with the true and the found boxes. */
  mistakes: Thumbnail[];
  files: ReportFile[];
  /** Commands that make the result again, in order. */
  commands: string[];
  /** ISO-8601 UTC: the moment that the figures are of. */
  asOf: string;
}

/** What of a loop its learning curve is made of. */
type CurveData = Pick<
  ReportData,
  'rounds' | 'metric' | 'target' | 'evaluationImages' | 'subsets' | 'capImages' | 'result'
> &
  Pick<LearningCurve, 'margin'> & { decisions: readonly Pick<DecisionNote, 'round' | 'interval' | 'forecast'>[] };

/** The learning curve of a loop, with the intervals of its decisions and the forecast of the last one. */
export function curveOf(data: CurveData): LearningCurve {
  const { rounds, metric, target, margin, evaluationImages, decisions, subsets, capImages, result } = data;
  return {
    rounds,
    metric,
    target,
    margin,
    evaluationImages,
    recommendedRound: result?.recommended?.round ?? null,
    intervals: new Map(decisions.flatMap(({ round, interval }) => (interval ? [[round, interval] as const] : []))),
    forecast: decisions.at(-1)?.forecast,
    subsets,
    capImages,
    ended: result !== null,
  };
}
