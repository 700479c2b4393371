import { z } from 'zod';

/** What a person can say about an ONNX file in the JSON file beside it; what is left out is read from the model. */
const SidecarSchema = z.strictObject({
  /** Pixels; for models that take any side. */
  side: z.int().min(8).max(4096).optional(),
  /** Pixels of a part of a picture that a detector looks at again; `side` if not given. */
  cropSide: z.int().min(8).max(4096).optional(),
  /** Order of the input's axes. */
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  /** Order of the colours. */
  channels: z.enum(['RGB', 'BGR']).optional(),
  /** A byte becomes (byte × scale − mean) / std of its channel. */
  scale: z.number().positive().optional(),
  mean: z.array(z.number()).min(1).max(3).optional(),
  std: z.array(z.number().positive()).min(1).max(3).optional(),
  /** Name of the output that holds the features. */
  output: z.string().min(1).optional(),
  /** How tokens or places become one vector. */
  pooling: z.enum(['mean', 'cls']).optional(),
  /** Order of the axes of outputs that are maps; that of the input if not given. */
  outputLayout: z.enum(['NCHW', 'NHWC']).optional(),
  /** Names of the outputs that are feature maps for detectors. */
  maps: z.strictObject({ map8: z.string(), map16: z.string(), map32: z.string() }).optional(),
});
export type OnnxSettings = z.infer<typeof SidecarSchema>;

const Sides = z.union([
  z.int(),
  z.looseObject({ height: z.int(), width: z.int() }),
  z.looseObject({ shortest_edge: z.int() }),
]);
/** Image preprocessing as Hugging Face's libraries write it beside a model. */
const PreprocessorSchema = z.looseObject({
  size: Sides.optional(),
  crop_size: Sides.optional(),
  do_center_crop: z.boolean().optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: z.array(z.number()).optional(),
  image_std: z.array(z.number()).optional(),
});

/** Key under which a model's own metadata can hold what the file beside it could. */
const METADATA_KEY = 'deltaloop';

/**
 * Settings of a JSON file beside a model.
 *
 * @throws {Error} naming every key that is wrong
 */
export function settingsOfSidecar(text: string): OnnxSettings {
  return parseWith(SidecarSchema, text);
}

/**
 * Settings that follow from a `preprocessor_config.json`: side, scale, mean and deviation. Crops are not followed: pictures
 * are stretched to the square.
 *
 * @throws {Error} naming every key that is wrong
 */
export function settingsOfPreprocessor(text: string): OnnxSettings {
  const config = parseWith(PreprocessorSchema, text);
  const side = sideOf(config.do_center_crop === false ? config.size : (config.crop_size ?? config.size));
  const normalised = config.do_normalize && config.image_mean !== undefined && config.image_std !== undefined;
  return {
    ...(side === undefined ? {} : { side }),
    scale: config.do_rescale ? config.rescale_factor : 1,
    mean: normalised ? config.image_mean : [0, 0, 0],
    std: normalised ? config.image_std : [1, 1, 1],
  };
}

/**
 * Settings in a model's metadata: ONNX's own keys for images (`Image.BitmapPixelFormat`, `Image.NominalPixelRange`, see
 * MetadataProps.md of the ONNX specification), and `deltaloop`, whose value is what a file beside the model could hold.
 *
 * @throws {Error} naming every key that is wrong
 */
export function settingsOfMetadata(metadata: ReadonlyMap<string, string>): OnnxSettings {
  const format = metadata.get('Image.BitmapPixelFormat');
  const own = metadata.get(METADATA_KEY);
  return {
    ...(format === undefined ? {} : { channels: format.startsWith('Bgr') ? 'BGR' : 'RGB' }),
    ...rangeSettings(metadata.get('Image.NominalPixelRange')),
    ...(own === undefined ? {} : settingsOfSidecar(own)),
  };
}

function rangeSettings(range: string | undefined): OnnxSettings {
  if (range === 'NominalRange_0_255') return { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
  if (range === 'Normalized_0_1') return { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] };
  if (range === 'Normalized_1_1') return { scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  return {};
}

function sideOf(size: z.infer<typeof Sides> | undefined): number | undefined {
  if (size === undefined || typeof size === 'number') return size;
  if ('shortest_edge' in size) return Number(size['shortest_edge']);
  if (size.height !== size.width) throw new Error(`its size is ${size.height} x ${size.width}; it must be a square`);
  return Number(size.height);
}

function parseWith<T>(schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const words = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw new Error(words.join('; '));
}
