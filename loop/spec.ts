import { z } from 'zod';
import { DURATION, durationMs } from './duration.ts';
import { METRICS_OF, TARGET_METRICS, TASKS } from './metrics.ts';

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

/** The keys of a spec file, before defaults that depend on other keys. */
const SpecKeys = z.strictObject({
  name: LoopNameSchema.describe('Name of the loop; its workflow ID in Temporal.'),
  title: z.string().max(120).optional().describe('What the loop is about, for people.'),
  task: z
    .enum(TASKS)
    .default('classification')
    .describe('What the models do: give an image its one class, or find objects and their boxes (detection).'),
  classes: z
    .array(z.string().trim().min(1).max(128))
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
    .describe('What must reach the target: the measured metric, or its lower 95 % bound.'),
  margin: Fraction.default(0.01).describe('The smallest gain that counts, 0–1.'),
  patience: z.number().int().min(1).default(3).describe('Rounds without a real gain before the loop stops.'),
  policy: z.literal('thresholds').default('thresholds'),
  imagesPerClass: z.number().int().min(1).default(3).describe('N: images per class of the first round.'),
  delta: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('geometric'),
        factor: z.number().gt(1).max(10).default(1.6).describe('Images per class grow by this factor each round.'),
      }),
      z.strictObject({
        kind: z.literal('fixed'),
        imagesPerClass: z.number().int().min(1).describe('The same number of new images per class each round.'),
      }),
    ])
    .default({ kind: 'geometric', factor: 1.6 })
    .describe('δ: how many more images to collect each round.'),
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

/** The spec file that starts a loop, as a person writes it. Unknown keys are refused; every default is filled in. */
export const LoopSpecSchema = SpecKeys.transform((spec) => ({
  ...spec,
  metric: spec.metric ?? METRICS_OF[spec.task][0],
}));

export type LoopSpecInput = z.input<typeof LoopSpecSchema>;
/** The spec with every default filled in and paths made absolute: what is hashed, stored and run. */
export type LoopSpec = z.output<typeof LoopSpecSchema>;
