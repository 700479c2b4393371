import { z } from 'zod';
import { ModelPerformanceSchema } from './metrics.ts';
import { OUTCOMES } from './outcome.ts';

/** Schemas of the JSON files in a loop's folder; anything that reads one parses it with these. */

/** `loop.json`: who the loop is. Written before the workflow starts, never changed. */
export const LoopFileSchema = z.looseObject({
  schemaVersion: z.literal(1),
  loop: z.string(),
  /** Made once; keeps names at the vision service apart between loops of one name. */
  instanceId: z.string(),
  /** SHA-256 of the resolved spec, hex. */
  specHash: z.string(),
  /** ISO-8601 UTC. */
  startedAt: z.string(),
});

export const StoredImageSchema = z.object({
  sha256: z.string(),
  pixelSha256: z.string(),
  file: z.string(),
  className: z.string(),
  width: z.number(),
  height: z.number(),
  group: z.string().exactOptional(),
});

/** `rounds/N/draw.json`. */
export const RoundDrawSchema = z.object({
  schemaVersion: z.literal(1),
  round: z.number(),
  images: z.array(StoredImageSchema),
  short: z.record(z.string(), z.number()),
});

/** `rounds/N/training.json`: what the service said of the round's training. */
export const TrainingFileSchema = z.object({
  model: z.string(),
  status: z.string(),
  /** Compute minutes. */
  minutes: z.number().nullable(),
  performance: ModelPerformanceSchema.nullable(),
});

/** `rounds/N/evaluation.json`: the model measured on the frozen evaluation set. */
export const EvaluationFileSchema = z.object({ model: z.string(), performance: ModelPerformanceSchema });

/** `rounds/N/verdicts.json`: one character an image in the evaluation set's order, see `Verdicts`. */
export const VerdictsFileSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.string(),
  accuracyTop1: z.string(),
  accuracyTop5: z.string(),
  predictions: z.array(z.object({ image: z.string(), top: z.array(z.tuple([z.string(), z.number()])) })),
});
export type VerdictsFile = z.infer<typeof VerdictsFileSchema>;

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
});

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
});
