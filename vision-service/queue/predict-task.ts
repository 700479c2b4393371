import { CONTRACT_QUOTAS, EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import type { Prediction } from '../../vision/contract.ts';
import { SourceError } from '../data-access/errors.ts';
import { readSource } from '../data-access/source.ts';
import { embedImages, UndecodableError } from '../embeddings.ts';
import { predictScores, type TrainedClassifier } from '../training/classifier.ts';
import type { Engine } from './engine.ts';
import { TaskFailure } from './failure.ts';
import { checkImage } from './read-images.ts';

/** A training may be patient with a server; the caller of a prediction has given up by then. Milliseconds. */
const WHILE_A_CALLER_WAITS = { attempts: 2, idleMs: 10_000, totalMs: 30_000, maxRetryAfterMs: 5_000 };

/**
 * Tags of one image, all classes, surest first. Features that are known are not computed again.
 *
 * @throws {TaskFailure} `InvalidImageUrl` when a URI cannot be read, `InvalidImageSize` or `InvalidImageFormat`
 */
export async function predictImage(
  engine: Engine,
  classifier: TrainedClassifier,
  { image, signal }: { image: Uint8Array | string; signal: AbortSignal },
): Promise<Prediction> {
  const { bytes, ...checked } = await readImageToPredict(engine, { image, signal });
  const scores = await scoresOf(engine, classifier, { sha256: checked.sha256, bytes, signal });
  const values = classifier.classes.map((name, index) => ({ name, confidence: scores[index] ?? 0 }));
  return {
    modelVersion: engine.backbone.name,
    metadata: { width: checked.width, height: checked.height },
    customModelResult: { tagsResult: { values: values.sort((a, b) => b.confidence - a.confidence) } },
  };
}

/**
 * The bytes of an image that was sent or named, with its hash and its upright size.
 *
 * @throws {TaskFailure} `InvalidImageUrl`, `InvalidImageSize` or `InvalidImageFormat`
 */
export async function readImageToPredict(
  engine: Engine,
  { image, signal }: { image: Uint8Array | string; signal: AbortSignal },
) {
  const bytes = typeof image === 'string' ? await download(engine, image, signal) : image;
  if (bytes.length === 0) throw new TaskFailure('InvalidImageSize', 'The image has no bytes.');
  const checked = await checkImage(engine, bytes, CONTRACT_QUOTAS['Generic-Classifier'].evaluationSide);
  if ('problem' in checked) throw new TaskFailure(checked.code, `The image ${checked.problem}.`);
  return { ...checked, bytes };
}

async function scoresOf(
  engine: Engine,
  classifier: TrainedClassifier,
  image: { sha256: string; bytes: Uint8Array; signal: AbortSignal },
): Promise<Float32Array> {
  try {
    const { features } = await embedImages({
      backbone: engine.backbone,
      cache: engine.cache,
      images: [{ sha256: image.sha256, read: () => Promise.resolve(image.bytes) }],
      signal: image.signal,
    });
    return predictScores(classifier, features)[0] ?? new Float32Array();
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    throw new TaskFailure('InvalidImageFormat', `The image cannot be decoded (${error.problems[0]?.message}).`);
  }
}

async function download(engine: Engine, uri: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const access = { ...engine.access, patience: { ...WHILE_A_CALLER_WAITS, ...engine.access.patience } };
    return await readSource(uri, access, { maxBytes: EMBEDDED_CAPABILITIES.maxPredictBytes, signal });
  } catch (error) {
    if (error instanceof SourceError) throw new TaskFailure('InvalidImageUrl', error.message);
    throw error;
  }
}
