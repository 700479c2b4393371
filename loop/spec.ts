import { z } from 'zod';
import { DURATION, durationMs } from './duration.ts';
import { FORECAST_DEFAULTS } from './forecast.ts';
import { METRICS_OF, TARGET_METRICS, TASKS } from './metrics.ts';
import { isReservedName, LONGEST_CLASS_NAME } from './shape.ts';
import { CLASS_RATIO } from './training-set.ts';

/** Name of a loop: also its workflow ID, folder and the head of every name at the vision service. */
export const LoopNameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'use 1–63 lower-case letters, digits and hyphens, beginning with a letter or digit',
  );

const TEN_YEARS_MS = 3650 * 86_400_000;

/** Beyond ten years an instant is no date any more, and a timer no timer. */
function isSensible(ms: number): boolean {
  return ms > 0 && ms <= TEN_YEARS_MS;
}

const Duration = z
  .string()
  .regex(DURATION, 'write a duration such as 90s, 30m, 12h, 7d or 2w')
  .refine(
    (text) => !DURATION.test(text) || isSensible(durationMs(text)),
    'must be longer than nothing and at most ten years',
  )
  .meta({ examples: ['30m', '12h', '7d'] });

const Fraction = z.number().min(0).max(1);

const PoolCollector = z.strictObject({
  kind: z.literal('pool'),
  path: z
    .string()
    .min(1)
    .describe(
      'A folder with one sub-folder per class, or a COCO JSON file; detection needs the latter. Relative to the spec file.',
    ),
});

const PeopleCollector = z.strictObject({
  kind: z.literal('people'),
  deadline: Duration.optional().describe('Ends one round’s collecting; the round then runs with what came.'),
  reminders: z.array(Duration).default(['4h', '24h']).describe('When to remind, counted from the start of collecting.'),
  instructions: z
    .string()
    .max(2000)
    .optional()
    .describe('What to photograph and how; shown to the people who collect.'),
});

/** δ: how many more images each round. */
export const DeltaSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('geometric'),
    factor: z.number().gt(1).max(10).default(1.6).describe('Images per class grow by this factor each round.'),
  }),
  z.strictObject({
    kind: z.literal('fixed'),
    imagesPerClass: z.number().int().min(1).describe('The same number of new images per class each round.'),
  }),
  z.strictObject({
    kind: z.literal('forecast').describe('As many as the forecast finds cheapest, more of them for weak classes.'),
  }),
]);

/** The keys of a spec file, before defaults that depend on other keys. */
const SpecKeys = z.strictObject({
  name: LoopNameSchema.describe('Name of the loop; its workflow ID in Temporal.'),
  title: z.string().max(120).optional().describe('What the loop is about, for people.'),
  task: z
    .enum(TASKS)
    .default('classification')
    .describe('What the models do: give an image its one class, or find objects and their boxes (detection).'),
  classes: z
    .array(
      z
        .string()
        .trim()
        .min(1)
        .max(LONGEST_CLASS_NAME)
        .refine((name) => !isReservedName(name), { error: 'this name is one that programs keep for themselves' }),
    )
    .min(1)
    .optional()
    .describe(
      'Class names, at least two for classification. Taken from the pool when left out; required for the people collector.',
    ),
  collector: z.discriminatedUnion('kind', [PoolCollector, PeopleCollector]),
  evaluation: z
    .strictObject({
      path: z
        .string()
        .min(1)
        .describe(
          'A folder with one sub-folder per class, or a COCO JSON file. Detection needs the latter. Never trained on.',
        ),
      predictions: z
        .boolean()
        .default(true)
        .describe('Predict every evaluation image each round: the noise of a comparison becomes about half.'),
    })
    .optional()
    .describe('The frozen yardstick. Without it the service’s own hold-out metric is used, which is optimistic.'),
  metric: z
    .enum(TARGET_METRICS)
    .optional()
    .describe('What is measured: accuracyTop1 by default for classification, meanAveragePrecision50 for detection.'),
  target: Fraction.optional().describe('Stop as soon as the metric reaches this value, 0–1.'),
  claim: z
    .enum(['measured', 'lower-bound'])
    .default('measured')
    .describe(
      'What must reach the target: the measured metric, or its lower 95 % bound, which is safer, needs more images and an evaluation set. Under the forecast lower-bound asks for the target itself with a probability of at least 97.5 %.',
    ),
  margin: Fraction.default(0.01).describe(
    'The smallest gain that counts, 0–1: smaller goes on longer for small gains, larger stops sooner.',
  ),
  patience: z
    .number()
    .int()
    .min(1)
    .default(3)
    .describe(
      'Rounds in a row without a real gain before the thresholds policy stops: higher collects more in vain, lower stops on a plateau.',
    ),
  policy: z
    .enum(['forecast', 'thresholds'])
    .default('forecast')
    .describe(
      'What decides: a forecast of the learning curve, or plain thresholds, which are simpler to follow and stop more often too early or too late. Both are always computed and shown.',
    ),
  forecast: z
    .strictObject({
      confidence: Fraction.default(FORECAST_DEFAULTS.confidence).describe(
        'The target is claimed when it is met with at least this probability, 0–1: higher gives fewer wrong claims and takes more images.',
      ),
      giveUp: Fraction.default(FORECAST_DEFAULTS.giveUp).describe(
        'The loop gives up when its goal is within reach with less than this probability, 0–1: higher wastes fewer images on hopeless targets and misses more that could be reached.',
      ),
    })
    .prefault({})
    .describe('How sure the forecast has to be.'),
  prices: z
    .strictObject({
      image: z
        .number()
        .min(0)
        .describe('Price of one labelled image: the dearer, the smaller the rounds, and the more of them.'),
      trainingHour: z
        .number()
        .min(0)
        .describe('Price of one compute hour: the dearer, the larger the rounds, and the fewer of them.'),
      currency: z.string().trim().min(1).max(12).optional().describe('What the prices are in, for people: EUR, USD.'),
    })
    .optional()
    .describe(
      'What images and training cost, which sizes δ under the forecast. Without it a round is taken to cost as much as the images of the first.',
    ),
  classRatio: z
    .number()
    .min(1)
    .default(CLASS_RATIO)
    .describe(
      'The largest class over the smallest after a round, at most: higher lets weak classes have more of the new images, and the training set less balance.',
    ),
  imagesPerClass: z.number().int().min(1).default(3).describe('N: images per class of the first round.'),
  delta: DeltaSchema.optional().describe(
    'δ: how many more images to collect each round. By default what the policy goes with: forecast, or geometric with the factor 1.6 under thresholds.',
  ),
  caps: z
    .strictObject({
      hours: z.number().min(1).default(24).describe('Training compute hours of the whole loop.'),
      images: z.number().int().min(1).optional().describe('Accepted training images, all classes together.'),
      rounds: z.number().int().min(1).default(20),
      deadline: Duration.optional().describe('The whole loop ends this long after its start.'),
    })
    .prefault({}),
  training: z
    .strictObject({
      hours: z.number().int().min(1).max(1344).optional().describe('Budget of one training, whole compute hours.'),
    })
    .prefault({}),
  service: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
    .default('default')
    .describe('Name of a vision service profile in the worker’s settings.'),
  seed: z.number().int().min(0).default(1).describe('Draws from a pool are a function of this number.'),
});

/** How a loop grows that does not say. */
export const DELTA_OF = {
  forecast: { kind: 'forecast' },
  thresholds: { kind: 'geometric', factor: 1.6 },
} as const;

/** The spec file that starts a loop, as a person writes it. Unknown keys are refused; every default is filled in. */
export const LoopSpecSchema = SpecKeys.transform((spec) => ({
  ...spec,
  metric: spec.metric ?? METRICS_OF[spec.task][0],
  delta: spec.delta ?? DELTA_OF[spec.policy],
}));

export type LoopSpecInput = z.input<typeof LoopSpecSchema>;
/**
 * What keys mean that came after the first loops, where a spec does not have them: its hash leaves them out where they say just that,
 * so that a loop of before keeps its hash.
 */
export const LATER_DEFAULTS = {
  // Figures, not the defaults of today: what a running loop was hashed with must not move with them.
  forecast: { confidence: 0.65, giveUp: 0.25 },
  classRatio: 2,
};

/** The spec with every default filled in and paths made absolute: what is hashed, stored and run. */
export type LoopSpec = z.output<typeof LoopSpecSchema>;
