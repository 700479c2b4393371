import { z } from 'zod';
import { ModelPerformanceSchema } from '../loop/metrics.ts';
import { MODEL_KINDS, type ModelKind } from '../loop/model-kind.ts';

export { MODEL_KINDS, type ModelKind };

/** API versions that carry datasets, models and evaluations; the first one knows no products. */
export const API_VERSIONS = ['2023-02-01-preview', '2023-04-01-preview', '2023-07-01-preview'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
export const DEFAULT_API_VERSION: ApiVersion = '2023-04-01-preview';

/** Header that carries the key. */
export const KEY_HEADER = 'Ocp-Apim-Subscription-Key';
/** Header of an error answer that repeats the envelope's code. */
export const ERROR_CODE_HEADER = 'x-ms-error-code';
/** Path below a resource's endpoint where every route is mounted. */
export const MOUNT_POINT = '/computervision';

export const ANNOTATION_KINDS = ['imageClassification', 'imageObjectDetection'] as const;
export const AUTHENTICATION_KINDS = ['none', 'sas', 'managedIdentity'] as const;
export const MODEL_STATUSES = ['notStarted', 'training', 'succeeded', 'failed', 'cancelling', 'cancelled'] as const;
/** Statuses of an evaluation, and of a product-recognition run. */
export const EVALUATION_STATUSES = ['notStarted', 'running', 'succeeded', 'failed'] as const;

export type ModelStatus = (typeof MODEL_STATUSES)[number];
export type EvaluationStatus = (typeof EVALUATION_STATUSES)[number];

/** A status as the wire brought it: one of the known words in their own spelling, or a word that is not known yet. */
export type Tolerant<Known extends string> = Known | (string & {});

/** Name of a dataset, model, evaluation or run: the idempotency key of its PUT. */
export const ResourceNameSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/,
    'begins with a letter or digit, then letters, digits, dots, underscores, hyphens',
  )
  .meta({ example: 'pets-1' });

/**
 * One of the known words in any casing and without its hyphens, as early clients send them; what comes out is spelt as the contract does.
 */
function anyCasing<const Known extends readonly [string, ...string[]]>(known: Known) {
  const plain = (text: string) => text.toLowerCase().replaceAll('-', '');
  const canonical = (value: unknown) =>
    typeof value === 'string' ? (known.find((word) => plain(word) === plain(value)) ?? value) : value;
  return z.preprocess(canonical, z.enum(known));
}

/** Known words get their own spelling back whatever casing a server uses; unknown ones stay as they are. */
function tolerantStatus<Known extends string>(known: readonly Known[]) {
  const canonical = (text: string): Tolerant<Known> =>
    known.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text;
  return z.string().transform(canonical).meta({ enum: known });
}

const ErrorInfoSchema = z.looseObject({ code: z.string(), message: z.string(), target: z.string().optional() });
const InnerErrorSchema = z.looseObject({ code: z.string().optional(), message: z.string().optional() });

/** What went wrong: in the envelope of an HTTP error, and in the `error` field of a failed model or evaluation. */
export const ErrorDetailsSchema = z
  .looseObject({
    ...ErrorInfoSchema.shape,
    details: z.array(ErrorInfoSchema).optional(),
    innererror: InnerErrorSchema.optional(),
  })
  .meta({ id: 'ErrorDetails' });
export type ErrorDetails = z.infer<typeof ErrorDetailsSchema>;

export const ErrorEnvelopeSchema = z.looseObject({ error: ErrorDetailsSchema }).meta({ id: 'ErrorEnvelope' });

const dateTime = z.string().optional().meta({ format: 'date-time' });
const timestamps = { createdDateTime: dateTime, updatedDateTime: dateTime };
const MAX_CUSTOM_PROPERTIES = 10;
const customProperties = z
  .record(z.string(), z.string())
  .refine((pairs) => Object.keys(pairs).length <= MAX_CUSTOM_PROPERTIES, 'at most 10 custom properties')
  .meta({ maxProperties: MAX_CUSTOM_PROPERTIES });
const annotationFileUris = z
  .array(z.string().min(1).meta({ format: 'uri', example: 'https://example.com/coco.json' }))
  .min(1)
  .max(10);

/** Body of PATCH of a dataset: what is left out stays. `sasToken` goes in and never comes out. */
export const DatasetRequestSchema = z
  .object({
    annotationKind: anyCasing(ANNOTATION_KINDS).optional(),
    annotationFileUris: annotationFileUris.optional(),
    customProperties: customProperties.optional(),
    authentication: z
      .object({ kind: anyCasing(AUTHENTICATION_KINDS), sasToken: z.string().optional() })
      .optional()
      .meta({ id: 'Authentication' }),
  })
  .meta({ id: 'DatasetRequest' });
export type DatasetRequest = z.infer<typeof DatasetRequestSchema>;

/** Body of PUT of a dataset: without its kind and files it could never be read. */
export const DatasetRegistrationSchema = DatasetRequestSchema.required({
  annotationKind: true,
  annotationFileUris: true,
}).meta({ id: 'DatasetRegistration' });

/** A registered dataset: COCO files by URI, and pairs of the caller's own. */
export const DatasetSchema = z
  .looseObject({
    name: z.string(),
    annotationKind: tolerantStatus(ANNOTATION_KINDS).optional(),
    annotationFileUris: z.array(z.string()).optional(),
    customProperties: z.record(z.string(), z.string()).optional(),
    eTag: z.string().optional(),
    ...timestamps,
  })
  .meta({ id: 'Dataset' });
export type Dataset = z.infer<typeof DatasetSchema>;

const testDataset = z.object({ testDatasetName: ResourceNameSchema });

/** Body of PUT of a model: which dataset, which kind, and the budget in compute hours (whole, at least 1). */
export const ModelRequestSchema = z
  .object({
    trainingParameters: z.object({
      trainingDatasetName: ResourceNameSchema,
      timeBudgetInHours: z.int().min(1).max(1344),
      modelKind: anyCasing(MODEL_KINDS).optional(),
    }),
    evaluationParameters: z.object({ testDatasetName: ResourceNameSchema.optional() }).optional(),
  })
  .meta({ id: 'ModelRequest' });
export type ModelRequest = z.infer<typeof ModelRequestSchema>;

/** A model, which is also its training run. `trainingCostInMinutes` is billed compute, present once it ended. */
export const ModelSchema = z
  .looseObject({
    name: z.string(),
    status: tolerantStatus(MODEL_STATUSES),
    trainingParameters: z.looseObject({
      trainingDatasetName: z.string(),
      timeBudgetInHours: z.number(),
      modelKind: tolerantStatus(MODEL_KINDS).optional(),
    }),
    evaluationParameters: z.looseObject({ testDatasetName: z.string().optional() }).optional(),
    trainingCostInMinutes: z.number().optional(),
    modelPerformance: ModelPerformanceSchema.optional(),
    error: ErrorDetailsSchema.optional(),
    ...timestamps,
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof ModelSchema>;

/** Body of PUT of an evaluation. */
export const EvaluationRequestSchema = z
  .object({ evaluationParameters: testDataset })
  .meta({ id: 'EvaluationRequest' });
export type EvaluationRequest = z.infer<typeof EvaluationRequestSchema>;

/** One model measured on one dataset. */
export const ModelEvaluationSchema = z
  .looseObject({
    name: z.string(),
    modelName: z.string(),
    status: tolerantStatus(EVALUATION_STATUSES),
    evaluationParameters: z.looseObject({ testDatasetName: z.string() }),
    modelPerformance: ModelPerformanceSchema.optional(),
    error: ErrorDetailsSchema.optional(),
    ...timestamps,
  })
  .meta({ id: 'ModelEvaluation' });
export type ModelEvaluation = z.infer<typeof ModelEvaluationSchema>;

/** JSON body of `imageanalysis:analyze`; raw image bytes are the other form. */
export const AnalyzeRequestSchema = z.object({ url: z.string().min(1) }).meta({ id: 'AnalyzeRequest' });

/** A tag and how sure the model is, 0–1. */
const TagSchema = z.looseObject({ name: z.string(), confidence: z.number() });

/** A box in whole pixels of the upright image; `w` and `h` are at least 1. */
const BoundingBoxSchema = z.looseObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });

/** Something found in an image: where, and what it may be, surest first. */
export const DetectedObjectSchema = z
  .looseObject({ id: z.string().optional(), boundingBox: BoundingBoxSchema, tags: z.array(TagSchema) })
  .meta({ id: 'DetectedObject' });
export type DetectedObject = z.infer<typeof DetectedObjectSchema>;

const ImageMetadataSchema = z.looseObject({ width: z.number(), height: z.number() }).meta({ id: 'ImageMetadata' });

/**
 * Answer of `imageanalysis:analyze` for a custom model: tags of a classifier, objects of a detector; either may be missing when
 * nothing was found.
 */
export const PredictionSchema = z
  .looseObject({
    modelVersion: z.string().optional(),
    metadata: ImageMetadataSchema.optional(),
    customModelResult: z.looseObject({
      tagsResult: z.looseObject({ values: z.array(TagSchema) }).optional(),
      objectsResult: z.looseObject({ values: z.array(DetectedObjectSchema) }).optional(),
    }),
  })
  .meta({ id: 'Prediction' });
export type Prediction = z.infer<typeof PredictionSchema>;

/** Products and gaps on a photo of a shelf. */
export const ProductRecognitionResultSchema = z
  .looseObject({
    imageMetadata: ImageMetadataSchema,
    products: z.array(DetectedObjectSchema),
    gaps: z.array(DetectedObjectSchema),
  })
  .meta({ id: 'ProductRecognitionResult' });
export type ProductRecognitionResult = z.infer<typeof ProductRecognitionResultSchema>;

/** One photo of a shelf looked at with a Product-Recognizer. */
export const ProductRecognitionRunSchema = z
  .looseObject({
    runName: z.string(),
    modelName: z.string(),
    status: tolerantStatus(EVALUATION_STATUSES),
    result: ProductRecognitionResultSchema.optional(),
    error: ErrorDetailsSchema.optional(),
    ...timestamps,
  })
  .meta({ id: 'ProductRecognitionRun' });

/** One page of a list; no `nextLink` on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.looseObject({ value: z.array(item), nextLink: z.string().optional() });
}

/** Whether a model's training has ended; an unknown status has not. */
export function isTerminalModelStatus(status: Tolerant<ModelStatus>): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** Whether an evaluation has ended; an unknown status has not. */
export function isTerminalEvaluationStatus(status: Tolerant<EvaluationStatus>): boolean {
  return status === 'succeeded' || status === 'failed';
}
