import { z } from 'zod';
import type { Changes } from './changes.ts';
import { FAILURES, type FailureType } from './failure.ts';
import type { Finding } from './finding.ts';
import type { Forecast, OtherPolicy, SplitRow } from './forecast.ts';
import type { JournalEntry } from './journal.ts';
import { ModelPerformanceSchema } from './metrics.ts';
import type { ModelReason } from './model-reason.ts';
import { type LoopResult, OUTCOMES } from './outcome.ts';
import type { RoundDraw, RoundRecord, SeedFile, StoredImage } from './round.ts';
import { LoopNameSchema } from './spec.ts';

/** Schemas of the JSON files in a loop's folder; anything that reads one parses it with these. */

/** `loop.json`: who the loop is. Written before the workflow starts, never changed. */
export const LoopFileSchema = z.looseObject({
  schemaVersion: z.literal(1),
  loop: LoopNameSchema,
  /** Made once; keeps names at the vision service apart between loops of one name. */
  instanceId: z.string().min(1),
  /** SHA-256 of the resolved spec, hex. */
  specHash: z.string().min(1),
  /** The loop whose images this one took over; absent where it began with nothing. Part of `specHash`. */
  from: z.object({ loop: z.string(), instanceId: z.string() }).exactOptional(),
  /** ISO-8601 UTC. */
  startedAt: z.iso.datetime(),
});
export type LoopFile = z.infer<typeof LoopFileSchema>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Share = z.number().min(0).max(1);

/** What an image shows; see `Labelled`. */
export const LABEL_SHAPE = {
  className: z.string().exactOptional(),
  boxes: z.array(z.strictObject({ className: z.string(), box: z.tuple([Share, Share, Share, Share]) })).exactOptional(),
};

/** An image of `draw.json`, `set.json` and `admissions/N.json`. */
export const StoredImageSchema = z.strictObject({
  sha256: Sha256,
  pixelSha256: Sha256,
  file: z.string().regex(/^[0-9a-f]{64}\.[a-z0-9]{1,8}$/),
  ...LABEL_SHAPE,
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  group: z.string().exactOptional(),
}) satisfies z.ZodType<StoredImage>;

/** `seed.json`. */
export const SeedFileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  from: z.strictObject({ loop: z.string(), instanceId: z.string() }),
  images: z.array(StoredImageSchema),
}) satisfies z.ZodType<SeedFile>;

/** An entry of `findings.json`. */
export const FindingSchema = z.strictObject({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  where: z.string(),
  message: z.string(),
  fix: z.string(),
}) satisfies z.ZodType<Finding>;

/** Images per class. */
const ClassCountsSchema = z.record(z.string(), z.number().int().min(0));

/** `rounds/N/draw.json`. */
export const RoundDrawSchema = z.strictObject({
  schemaVersion: z.literal(1),
  round: z.number().int().positive(),
  images: z.array(StoredImageSchema),
  short: ClassCountsSchema,
  exhausted: z.boolean(),
  surplus: ClassCountsSchema.exactOptional(),
  findings: z.array(FindingSchema),
  passedOver: z.array(z.string()),
}) satisfies z.ZodType<RoundDraw>;

/** `rounds/N/training-A.json`, A being the attempt of the model's name: what the service said of the round's training. */
export const TrainingFileSchema = z.object({
  model: z.string(),
  status: z.string(),
  /** Compute minutes. */
  minutes: z.number().nullable(),
  performance: ModelPerformanceSchema.nullable(),
});

const Named = z.string().min(1);

/** `rounds/N/model-A.json`: a model name of the round with the reason that allowed it, written before the service is asked. */
export const ModelFileSchema = z.object({
  schemaVersion: z.literal(1),
  model: Named,
  dataset: Named,
  /** Whole compute hours reserved for it. */
  hours: z.number().int().positive(),
  reason: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('first') }),
    z.object({ kind: z.literal('part'), share: z.number() }),
    z.object({ kind: z.literal('failure'), after: Named, code: z.string() }),
    z.object({
      kind: z.literal('answer'),
      after: Named,
      failure: z.enum(Object.keys(FAILURES) as [FailureType, ...FailureType[]]),
      code: z.string().nullable(),
      by: z.string(),
      why: z.string(),
    }),
  ]) satisfies z.ZodType<ModelReason>,
});

/** `rounds/N/evaluation-A.json`: the model measured on the frozen evaluation set. */
export const EvaluationFileSchema = z.object({ model: z.string(), performance: ModelPerformanceSchema });

/**
 * `rounds/N/verdicts-A.json`: one character an image in the evaluation set's order, `1` right, `0` wrong, `-` not
 * predicted. Strings keep a round's verdicts small and comparable at a glance.
 */
export const VerdictsFileSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.string(),
  accuracyTop1: z.string(),
  accuracyTop5: z.string(),
  predictions: z.array(z.object({ image: z.string(), top: z.array(z.tuple([z.string(), z.number()])) })),
});
export type VerdictsFile = z.infer<typeof VerdictsFileSchema>;

/** One found box: its class, how sure the model is, then left, top, width and height as shares of the image's sides; all 0–1. */
export const FoundObjectSchema = z.tuple([z.string(), z.number(), z.number(), z.number(), z.number(), z.number()]);
export type FoundObject = z.infer<typeof FoundObjectSchema>;

/** `rounds/N/detections-A.json`: what a detector found in each evaluation image, in the set's order; null where it was not predicted. */
export const DetectionsFileSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.string(),
  images: z.array(z.object({ image: z.string(), found: z.array(FoundObjectSchema).nullable() })),
});
export type DetectionsFile = z.infer<typeof DetectionsFileSchema>;

/** `rounds/N/resampled-A.json`: a detector's metric on many draws of the evaluation images, from which comparisons know their noise. */
export const ResampledFileSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.string(),
  metric: z.string(),
  seed: z.number(),
  /** One sign an image, in the set's order: `1` predicted, `-` not. */
  predicted: z.string(),
  /** 0–1. */
  values: z.array(z.number()),
});

/** `rounds/1/subsets.json`: models of nested parts of the first round's images, smallest first, and why a part has none. */
export const SubsetsFileSchema = z.object({
  schemaVersion: z.literal(1),
  points: z.array(
    z.object({
      /** The part, 0–1. */
      share: z.number(),
      images: z.number(),
      model: z.string(),
      metric: z.number(),
      /** Compute minutes. */
      billedMinutes: z.number(),
    }),
  ),
  /** Sentences. */
  notes: z.array(z.string()),
});
export type SubsetsFile = z.infer<typeof SubsetsFileSchema>;

/** `rounds/N/record.json`: the round's row of the rounds table. */
export const RoundRecordSchema = z.object({
  round: z.number(),
  images: z.number(),
  newImages: z.number(),
  perClass: z.tuple([z.number(), z.number()]),
  model: z.string().nullable(),
  metric: z.number().nullable(),
  noise: z.number().nullable(),
  gain: z.number().nullable(),
  comparedWith: z.number().nullable(),
  billedMinutes: z.number(),
  action: z.enum(['collect', 'stop']),
  decision: z.string(),
}) satisfies z.ZodType<RoundRecord>;

const Range80Schema = z.object({ low: z.number(), median: z.number(), high: z.number() });

/** The forecast of a `decision.json`. */
export const ForecastSchema = z.object({
  points: z.number(),
  extrapolates: z.boolean(),
  probabilities: z.object({ claim: z.number(), grow: z.number(), giveUp: z.number() }).nullable(),
  gainOfDoubling: z.number().nullable(),
  needed: z.object({ low: z.number(), median: z.number().nullable(), high: z.number().nullable() }).nullable(),
  horizon: z.number(),
  next: z.number().nullable(),
  present: Range80Schema.nullable(),
  ahead: Range80Schema.nullable(),
  band: z.array(Range80Schema.extend({ images: z.number() })),
  used: z.object({
    confidence: z.number(),
    giveUp: z.number(),
    seed: z.number(),
    looks: z.enum(['shared', 'independent']),
    bar: z.number().nullable(),
    roundPrice: z.number(),
    roundsLeft: z.number(),
    level: z.number().nullable(),
    expectedCost: z.number().nullable(),
    particles: z.number(),
    effective: z.number(),
    stretch: z.number(),
    noise: z.array(z.number()),
    sharedNoise: z.number(),
  }),
}) satisfies z.ZodType<Forecast>;

/** What the other policy would have done, in a `decision.json`. */
export const OtherPolicySchema = z.looseObject({
  policy: z.enum(['thresholds', 'forecast']),
  action: z.enum(['collect', 'stop']),
  outcome: z.string().nullable(),
  words: z.string(),
}) satisfies z.ZodType<OtherPolicy>;

/** One class of δ in a `decision.json`. */
export const SplitRowSchema = z.looseObject({
  className: z.string(),
  have: z.number().int().min(0),
  performance: z.number().nullable(),
  noise: z.number().nullable(),
  collect: z.number().int().min(0),
}) satisfies z.ZodType<SplitRow>;

/** What readers take from `rounds/N/decision.json`, the recorded input and the decision. */
export const DecisionFileSchema = z.object({
  input: z.object({
    settings: z.object({ evaluationImages: z.number().nullable() }),
    perClass: ClassCountsSchema,
    subsets: z.array(z.object({ share: z.number(), images: z.number(), metric: z.number() })).exactOptional(),
  }),
  decision: z.object({
    round: z.number(),
    sentence: z.string(),
    warnings: z.array(z.string()),
    realGain: z.boolean(),
    interval: z.tuple([z.number(), z.number()]).nullable().default(null),
    forecast: ForecastSchema.exactOptional(),
    other: OtherPolicySchema.exactOptional(),
    split: z.array(SplitRowSchema).exactOptional(),
  }),
});

export type DecisionFile = z.infer<typeof DecisionFileSchema>;

/** `outcome.json`: how the loop ended. */
export const LoopResultSchema = z.object({
  schemaVersion: z.literal(1),
  loop: z.string(),
  outcome: z.enum(OUTCOMES),
  sentence: z.string(),
  recommended: z
    .object({
      model: z.string(),
      round: z.number(),
      images: z.number(),
      metric: z.number(),
      interval: z.tuple([z.number(), z.number()]).nullable(),
    })
    .nullable(),
  rounds: z.number(),
  images: z.number(),
  billedMinutes: z.number(),
  unusedImages: z.number(),
  endedAt: z.string(),
}) satisfies z.ZodType<LoopResult>;

/** What a person may change, as an entry of the journal holds it: the bounds were checked when it was said. */
const ChangesSchema = z.strictObject({
  'caps.hours': z.number().exactOptional(),
  'caps.images': z.number().nullable().exactOptional(),
  'caps.rounds': z.number().exactOptional(),
  target: z.number().nullable().exactOptional(),
  'training.hours': z.number().nullable().exactOptional(),
  'delta.kind': z.enum(['fixed', 'geometric', 'forecast']).exactOptional(),
  'delta.factor': z.number().exactOptional(),
  'delta.imagesPerClass': z.number().exactOptional(),
  'collector.path': z.string().exactOptional(),
  service: z.string().exactOptional(),
}) satisfies z.ZodType<Changes>;

/** `journal/0001.json` …: what people said to the loop, in the order in which it heard them. */
export const JournalEntrySchema = z.strictObject({
  sequence: z.number().int().positive(),
  kind: z.enum(['resolve', 'adjust', 'pause', 'resume', 'stop']),
  by: z.string(),
  at: z.string(),
  reason: z.string(),
  round: z.number().int().min(0),
  about: z
    .strictObject({
      type: z.enum(Object.keys(FAILURES) as [FailureType, ...FailureType[]]),
      step: z.string(),
      message: z.string(),
    })
    .exactOptional(),
  answer: z.enum(['retry', 'skip', 'stop']).exactOptional(),
  now: z.literal(true).exactOptional(),
  set: ChangesSchema.exactOptional(),
  before: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).exactOptional(),
}) satisfies z.ZodType<JournalEntry>;
