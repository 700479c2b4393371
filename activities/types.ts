import type { Changes } from '../loop/changes.ts';
import type { FailureType } from '../loop/failure.ts';
import type { JournalEntry } from '../loop/journal.ts';
import type { TargetMetric } from '../loop/metrics.ts';
import type { ModelReason } from '../loop/model-reason.ts';
import type { Notice } from '../loop/notice.ts';
import type { LoopResult, Outcome } from '../loop/outcome.ts';
import type { ClassCounts, Decision, FileRef, RoundRecord } from '../loop/round.ts';

/** Every activity names its loop; spec and data are read from the loop's folder, so that histories stay small. */
export interface OfLoop {
  loop: string;
  /** For the worker's log; absent in histories from before it was told. */
  round?: number;
  /** What people changed of its spec since the start; absent for nothing. */
  changes?: Changes;
  /** How long the vision service may go without an answer before the workflow is told, milliseconds; absent for 15 minutes. */
  outageMs?: number;
}
export interface OfRound extends OfLoop {
  round: number;
}
/** A step of one model: a round's, or that of a nested part of the first round's images. */
interface OfModel extends OfRound {
  /** The part, 0–1; absent for the whole round. */
  share?: number;
}

export interface Prepared {
  classes: string[];
  /** Null without an evaluation set: the service's hold-out metric is used. */
  evaluation: { file: FileRef; hash: string; images: number } | null;
  /** Images per class that the service needs to train. */
  minImagesPerClass: number;
  /** What the first round asks for; null when the cap on images does not hold the service's minimum. */
  firstNeed: ClassCounts | null;
  warnings: string[];
  /** The worker has a webhook for notices; absent without one. */
  webhook?: true;
}

export interface AdmitInput extends OfLoop {
  /** 1, 2, 3 … in the order in which the batches came. */
  sequence: number;
  manifest: FileRef;
}
export interface Admitted {
  accepted: ClassCounts;
  /** Detection, where an image counts for several classes: accepted images. */
  images?: number;
  duplicates: number;
  refused: number;
}

export interface CollectInput extends OfRound {
  need: ClassCounts;
  /** Batches admitted so far (people). */
  admissions: number;
  /** Detection with a cap on images: how many the round may add. */
  room?: number;
}
export interface Collected {
  added: ClassCounts;
  /** Detection, where an image counts for several classes: new images. */
  images?: number;
  /** Detection: images per class beyond what was asked so far. */
  surplus?: ClassCounts;
  short: ClassCounts;
  exhausted: boolean;
  findings: number;
  /** As of `Prepared`. */
  webhook?: true;
}

/** Images that a model is trained on. */
export interface ImageSet {
  file: FileRef;
  /** Tells this loop, this content and this model kind apart in every name at the service; 12 hex digits. */
  nameHash: string;
  images: number;
  /** Whole compute hours: the documented minimum and what is suggested. */
  minimumHours: number;
  suggestedHours: number;
}

/** A nested part of the first round's images. */
export interface SubsetSet extends ImageSet {
  /** 0–1. */
  share: number;
}

export interface TrainingSet extends ImageSet {
  /** Parts of it to be trained before it, smallest first: in round 1 under the forecast. */
  subsets?: SubsetSet[];
  /** Why there are none, where the forecast would have had them: a sentence. */
  withoutSubsets?: string;
}

export interface RegisterInput extends OfLoop {
  dataset: string;
  file: FileRef;
}

export interface TrainInput extends OfModel {
  model: string;
  dataset: string;
  /** Whole compute hours. */
  hours: number;
  /** Recorded before the service is asked; absent in histories from before it was. */
  because?: ModelReason;
}

export interface AwaitTrainingInput extends OfModel {
  model: string;
  /** How long a model that was accepted may be missing before it counts as gone, milliseconds. */
  missingMs: number;
  /** First pause between two looks, milliseconds; grows to 30 s. */
  pollMs: number;
  /** The COCO file that it trains on, looked at when the training fails over its data; absent as `because`. */
  file?: FileRef;
  /** Ends at the first answer, as `under-way` if need be: asked after an outage, so that its end is noticed. */
  untilAnswered?: true;
}
export interface CancelTrainingInput extends OfLoop {
  model: string;
}
export interface TrainingEnd {
  status: 'succeeded' | 'failed' | 'cancelled' | 'gone';
  /** Compute minutes that the service reports; null when it reports none. */
  minutes: number | null;
  code: string | null;
  message: string | null;
  /** What kind of failure it is; absent for `succeeded`, for a `diverged` training whose data are sound, and in older histories. */
  type?: FailureType;
  /** What looking at the data brought to light, in sentences. */
  found?: string;
  /** Whole compute hours that the service suggests for a budget that was too small. */
  suggestedHours?: number;
}

/** A training that has not ended; answered only where that was asked for. */
export interface UnderWay {
  status: 'under-way';
}

export interface EvaluateInput extends OfModel {
  model: string;
  dataset: string;
  evaluation: string;
  evaluationHash: string;
  pollMs: number;
  /** How long the model may be missing before it counts as gone, milliseconds; absent in older histories. */
  missingMs?: number;
}

export interface PredictInput extends OfModel {
  model: string;
  /** As for an evaluation; absent in older histories. */
  missingMs?: number;
  pollMs?: number;
}

/** A model trained on a nested part of the first round's images. */
export interface SubsetModel {
  /** 0–1. */
  share: number;
  images: number;
  model: string;
  /** Compute minutes. */
  billedMinutes: number;
}

export interface DecideInput extends OfRound {
  /** Null for a round without a metric. */
  model: string | null;
  /** Why and by whom the rest of the round was skipped; such a round has no metric and leaves `withoutMetric` as it was. */
  skipped?: string;
  /** Rounds in a row that gave no metric, this one included. */
  withoutMetric: number;
  images: number;
  newImages: number;
  /** Compute minutes of all trainings of the round. */
  billedMinutes: number;
  /** Compute minutes of the trainings on the whole round; absent in histories from before there were parts of it. */
  roundMinutes?: number;
  /** Round 1: models of parts of it, smallest first, and a sentence for each part that has none; absent as above. */
  subsets?: { models: SubsetModel[]; notes: string[] };
  settledMinutes: number;
  nextTrainingHours: number;
  deadlinePassed: boolean;
  collectorExhausted: boolean;
}
export interface Decided {
  decision: Decision;
  record: RoundRecord;
}

export interface FinishInput extends OfLoop {
  outcome: Outcome;
  /** Rounds that were decided. */
  rounds: number;
  images: number;
  billedMinutes: number;
  unusedImages: number;
  /** ISO-8601 UTC, so that a second attempt writes the same bytes. */
  endedAt: string;
  /** Who ended the loop and why, for `stopped`; the decision speaks for the others. */
  note: string;
}

/** Something that people are to be told. */
export interface NotifyInput {
  loop: string;
  instanceId: string;
  notice: Notice;
}

/** The evaluation set that a service which comes later is to know; null without one. */
export interface AdoptInput extends OfLoop {
  evaluation: { dataset: string; file: FileRef } | null;
}

/** What people said that is not in the loop’s folder yet. */
export interface JournalInput {
  loop: string;
  entries: JournalEntry[];
}

/** What the workflow may ask for. Implemented by `createActivities`. */
export interface Activities {
  prepareLoop(input: OfLoop): Promise<Prepared>;
  admitBatch(input: AdmitInput): Promise<Admitted>;
  collectImages(input: CollectInput): Promise<Collected>;
  checkTrainingSet(input: OfRound): Promise<TrainingSet>;
  registerDataset(input: RegisterInput): Promise<{ dataset: string }>;
  startTraining(input: TrainInput): Promise<{ model: string }>;
  awaitTraining(input: AwaitTrainingInput): Promise<TrainingEnd | UnderWay>;
  cancelTraining(input: CancelTrainingInput): Promise<{ model: string }>;
  evaluateModel(input: EvaluateInput): Promise<Partial<Record<TargetMetric, number>>>;
  predictEvaluationSet(input: PredictInput): Promise<{ images: number }>;
  decideRound(input: DecideInput): Promise<Decided>;
  adoptService(input: AdoptInput): Promise<{ minImagesPerClass: number }>;
  /** `configured`: whether the worker has a webhook. */
  notify(input: NotifyInput): Promise<{ configured: boolean }>;
  recordAnswers(input: JournalInput): Promise<{ entries: number }>;
  finishLoop(input: FinishInput): Promise<LoopResult>;
}
