import { z } from 'zod';
import { ForecastSchema, OtherPolicySchema, SplitRowSchema } from './files.ts';
import { OUTCOMES } from './outcome.ts';
import type { Decision, DecisionInput } from './round.ts';

/*
 * `rounds/N/decision.json` whole: the input and the decision made from it. Objects are loose: a key that is not known here, of a
 * newer version, is kept. What older versions did not write is optional.
 */

const Count = z.number().int().min(0);
const ClassCountsSchema = z.record(z.string(), Count);
const Interval = z.tuple([z.number(), z.number()]);

const CurvePointSchema = z.looseObject({
  round: z.number().int().min(1),
  images: Count,
  model: z.string(),
  metric: z.number(),
  verdicts: z.string().nullable(),
  resampled: z
    .looseObject({
      resamples: Count,
      seed: z.number(),
      interval: Interval,
      against: z.array(
        z.looseObject({
          round: z.number(),
          kind: z.enum(['paired', 'two-sample']),
          value: z.number(),
          predicted: z.number(),
        }),
      ),
    })
    .exactOptional(),
  perClass: ClassCountsSchema.exactOptional(),
});

const SettingsSchema = z.looseObject({
  task: z.literal('detection').exactOptional(),
  metric: z.string(),
  target: z.number().nullable(),
  claim: z.enum(['measured', 'lower-bound']),
  margin: z.number(),
  patience: z.number(),
  delta: z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('geometric'), factor: z.number() }),
    z.looseObject({ kind: z.literal('fixed'), imagesPerClass: z.number() }),
    z.looseObject({ kind: z.literal('forecast') }),
  ]),
  evaluationImages: z.number().nullable(),
  collectorExhausted: z.boolean(),
  policy: z.enum(['thresholds', 'forecast']).exactOptional(),
  forecast: z
    .looseObject({
      confidence: z.number(),
      giveUp: z.number(),
      seed: z.number(),
      looks: z.enum(['shared', 'independent']),
      prices: z.looseObject({ image: z.number(), trainingHour: z.number() }).nullable(),
    })
    .exactOptional(),
  classRatio: z.number().exactOptional(),
});

const CapsSchema = z.looseObject({
  settledMinutes: z.number(),
  capMinutes: z.number(),
  nextTrainingHours: z.number(),
  images: Count,
  capImages: z.number().nullable(),
  capRounds: z.number(),
  deadlinePassed: z.boolean(),
  roundMinutes: z.number().exactOptional(),
  available: z.number().exactOptional(),
});

const DecisionInputSchema = z.looseObject({
  round: z.number().int().min(1),
  history: z.array(CurvePointSchema),
  settings: SettingsSchema,
  caps: CapsSchema,
  perClass: ClassCountsSchema,
  ranShort: z.array(z.string()).exactOptional(),
  withoutMetric: Count,
  skipped: z.string().exactOptional(),
  subsets: z
    .array(z.looseObject({ share: z.number(), images: Count, metric: z.number(), verdicts: z.string().nullable() }))
    .exactOptional(),
  performance: z.record(z.string(), z.looseObject({ value: z.number(), images: Count })).exactOptional(),
}) satisfies z.ZodType<DecisionInput>;

const OptionalNumber = z.number().nullable();

const DecisionSchema = z.looseObject({
  round: z.number().int().min(1),
  action: z.enum(['collect', 'stop']),
  outcome: z.enum(OUTCOMES).nullable(),
  metric: OptionalNumber,
  comparedWith: OptionalNumber,
  gain: OptionalNumber,
  noise: OptionalNumber,
  threshold: OptionalNumber,
  realGain: z.boolean(),
  roundsWithoutImprovement: Count,
  interval: Interval.nullable().default(null),
  sentence: z.string(),
  warnings: z.array(z.string()),
  delta: ClassCountsSchema.nullable(),
  forecast: ForecastSchema.exactOptional(),
  other: OtherPolicySchema.exactOptional(),
  split: z.array(SplitRowSchema).exactOptional(),
}) satisfies z.ZodType<Decision>;

/** A decision with all that it was made from, as a round's `decision.json` holds it. */
export const RecordedDecisionSchema = z.looseObject({ input: DecisionInputSchema, decision: DecisionSchema });
