import { z } from 'zod';
import { FORECAST_DEFAULTS } from './forecast.ts';
import { TARGET_METRICS } from './metrics.ts';
import { DeltaSchema } from './spec.ts';
import { CLASS_RATIO } from './training-set.ts';

const Fraction = z.number().min(0).max(1);
/** More are no classes any more but a mistake. */
const MOST_CLASSES = 100_000;
const Count = z.number().int().min(1);

const Point = z.strictObject({
  images: Count.describe('Training images, all classes together.'),
  metric: Fraction.nullable().describe('Measured on the evaluation set, 0–1; null for a round that gave no metric.'),
  share: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('Set for a model trained on this part of the first round’s images: a point of the curve, but no round.'),
});

/** One line that `deltaloop decide` reads: a history, settings and caps, from which alone it decides. */
export const DecisionRequestSchema = z.strictObject({
  id: z.union([z.string(), z.number()]).optional().describe('Given back with the answer.'),
  history: z
    .array(Point)
    .min(1)
    .describe('Rounds in order, none with fewer images than the one before; parts of the first round stand beside it.'),
  settings: z
    .strictObject({
      policy: z.enum(['forecast', 'thresholds']).default('forecast'),
      metric: z.enum(TARGET_METRICS).default('accuracyTop1'),
      target: Fraction.nullable().default(null),
      evaluationImages: Count.nullable().describe('Size of the evaluation set; null for a hold-out metric.'),
      classes: Count.max(MOST_CLASSES)
        .nullable()
        .default(null)
        .describe('Number of classes, which sets what guessing reaches; null when not known.'),
      claim: z
        .enum(['measured', 'lower-bound'])
        .default('measured')
        .describe('As in a spec; a lower-bound needs an evaluation set.'),
      margin: Fraction.default(0.01),
      patience: z.number().int().min(1).default(3),
      confidence: Fraction.default(FORECAST_DEFAULTS.confidence),
      giveUp: Fraction.default(FORECAST_DEFAULTS.giveUp),
      seed: z.number().int().min(0).default(FORECAST_DEFAULTS.seed),
      looks: z
        .enum(['shared', 'independent'])
        .default(FORECAST_DEFAULTS.looks)
        .describe('Whether all rounds were measured on one frozen evaluation set, or each on new images.'),
      prices: z
        .strictObject({ image: z.number().min(0), trainingHour: z.number().min(0) })
        .nullable()
        .default(FORECAST_DEFAULTS.prices)
        .describe('In any one currency; null: a round costs as much as the images of the first.'),
      delta: DeltaSchema.optional().describe(
        'How each round grows; left out, as the policy goes: by the forecast, or by the factor 1.6 under thresholds.',
      ),
      classRatio: z
        .number()
        .min(1)
        .default(CLASS_RATIO)
        .describe('The largest class over the smallest after a round, at most. A history has equal classes.'),
    })
    .describe('As in a spec.'),
  caps: z
    .strictObject({
      images: Count.nullable().default(null).describe('Training images, all classes together; null for no cap.'),
      rounds: Count.default(20),
      roundMinutes: z.number().min(0).optional().describe('Compute minutes of the latest round, for its price.'),
    })
    .prefault({}),
});
export type DecisionRequest = z.output<typeof DecisionRequestSchema>;

/** One line that `deltaloop decide` answers. */
export interface DecisionAnswer {
  id?: string | number;
  /** `claim`: the target is met; `grow`: collect up to `nextImages`; `give-up`: out of reach within the caps; `stop`: anything else. */
  action: 'claim' | 'grow' | 'give-up' | 'stop';
  /** The outcome’s name; null when growing. */
  outcome: string | null;
  /** Training images of the next round, all classes together; null unless growing. */
  nextImages: number | null;
  /** As of a `Forecast`; null without a target or before a metric. */
  probabilities: { claim: number; grow: number; giveUp: number } | null;
  sentence: string;
  warnings: string[];
}
