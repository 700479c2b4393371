import type { DetectedObject, Prediction, ProductRecognitionResult } from '../../vision/contract.ts';
import { pixelBox } from '../detection/boxes.ts';
import { detect, type TrainedDetector } from '../detection/detector.ts';
import { findings } from '../detection/measure.ts';
import { sightOf, UndecodablePicture } from '../detection/picture-sight.ts';
import type { DetectionEngine } from './engine.ts';
import { TaskFailure } from './failure.ts';
import { readImageToPredict } from './predict-task.ts';

/** Names of the class that stands for an empty place on a shelf, whatever their case. */
const GAP_NAMES = ['gap', 'gaps', 'empty'];

interface Request {
  image: Uint8Array | string;
  signal: AbortSignal;
}

/**
 * Objects in one image, surest first: a box in pixels of the upright image, and every class it may be of, surest first.
 *
 * @throws {TaskFailure} `InvalidImageUrl` when a URI cannot be read, `InvalidImageSize` or `InvalidImageFormat`
 */
export async function predictObjects(
  engine: DetectionEngine,
  detector: TrainedDetector,
  request: Request,
): Promise<Prediction> {
  const { metadata, objects } = await look(engine, detector, request);
  return {
    modelVersion: engine.backbone.name,
    metadata,
    customModelResult: { objectsResult: { values: numbered(objects) } },
  };
}

/**
 * Products and gaps on one photo of a shelf. A box whose surest class is the one for gaps is a gap.
 *
 * @throws {TaskFailure} as `predictObjects`, or `incorrectModelKind` for a detector that is no Product-Recognizer
 */
export async function recognizeProducts(
  engine: DetectionEngine,
  detector: TrainedDetector,
  request: Request,
): Promise<ProductRecognitionResult> {
  if (detector.kind !== 'Product-Recognizer') throw noRecognizer(detector.kind);
  const { metadata, objects } = await look(engine, detector, request);
  const isGapName = (name: string) => GAP_NAMES.includes(name.toLowerCase());
  const [gaps, products] = [true, false].map((wanted) =>
    objects
      .filter(({ tags: [surest] }) => surest !== undefined && isGapName(surest.name) === wanted)
      .map((object) => ({ ...object, tags: object.tags.filter(({ name }) => isGapName(name) === wanted) })),
  );
  return { imageMetadata: metadata, products: numbered(products ?? []), gaps: numbered(gaps ?? []) };
}

/** A model that cannot look at photos of shelves. */
export function noRecognizer(kind: string): TaskFailure {
  return new TaskFailure('incorrectModelKind', `The model is a ${kind}; a run needs a Product-Recognizer.`);
}

async function look(engine: DetectionEngine, detector: TrainedDetector, { image, signal }: Request) {
  const { bytes, sha256, width, height } = await readImageToPredict(engine, { image, signal });
  const sight = sightOf({ sha256, read: () => Promise.resolve(bytes) }, engine, signal);
  try {
    const detections = await detect(detector, sight, engine.kernels);
    return {
      metadata: { width, height },
      objects: objectsOf(findings(detections), detector.classes, { width, height }),
    };
  } catch (error) {
    if (!(error instanceof UndecodablePicture)) throw error;
    throw new TaskFailure('InvalidImageFormat', `The image cannot be decoded (${error.message}).`);
  }
}

/** Findings of one box are tags of one object. */
function objectsOf(
  found: ReturnType<typeof findings>,
  classes: readonly string[],
  picture: { width: number; height: number },
): DetectedObject[] {
  const byBox = Map.groupBy(found, ({ box }) => box);
  return [...byBox].map(([box, own]) => ({
    boundingBox: pixelBox(box, picture),
    tags: own.map(({ label, confidence }) => ({ name: classes[label] ?? '', confidence })),
  }));
}

function numbered(objects: readonly DetectedObject[]): DetectedObject[] {
  return objects.map((object, i) => ({ id: String(i + 1), ...object }));
}
