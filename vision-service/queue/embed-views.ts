import { createHash } from 'node:crypto';
import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import { type ViewName, viewKey, viewOf } from '../backbones/views.ts';
import type { LabelledDataset } from '../data-access/dataset.ts';
import { SourceError } from '../data-access/errors.ts';
import { readSource } from '../data-access/source.ts';
import { embedImages, UndecodableError } from '../embeddings.ts';
import { type ViewSource, ViewsUnavailable } from '../training/training-set.ts';
import type { Engine } from './engine.ts';

/** Images between two looks at the clock. */
const PART = 32;
const { maxImageBytes } = CONTRACT_QUOTAS['Generic-Classifier'];

/**
 * The way to views of a dataset's images, in their order. Only those whose features are not in the cache are read again.
 *
 * @param hashes SHA-256 of each image when it was embedded; other bytes are not taken for it
 */
export function viewsOf(
  engine: Engine,
  dataset: LabelledDataset,
  { hashes, signal }: { hashes: readonly string[]; signal: AbortSignal },
): ViewSource {
  const read = async (position: number, view: ViewName) => {
    const image = dataset.images[position];
    if (image === undefined) throw new ViewsUnavailable(`there is no image ${position}`);
    const { credential } = dataset;
    const bytes = await readSource(image.uri, engine.access, { maxBytes: maxImageBytes, credential, signal });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== hashes[position]) throw new ViewsUnavailable(`${image.where} has changed since it was read first`);
    return viewOf(bytes, view).catch((error: unknown) => {
      throw new ViewsUnavailable(`${image.where} cannot be seen ${view} (${String(error)})`);
    });
  };
  return async (view, pause) => {
    const features: Float32Array[] = [];
    for (let start = 0; start < hashes.length; start += PART) {
      await pause();
      const images = hashes.slice(start, start + PART).map((hash, i) => ({
        sha256: viewKey(hash, view),
        read: () => read(start + i, view),
      }));
      const part = await embedImages({ backbone: engine.backbone, cache: engine.cache, images, signal }).catch(
        unavailable,
      );
      features.push(...part.features);
    }
    return features;
  };
}

function unavailable(error: unknown): never {
  if (error instanceof SourceError || error instanceof UndecodableError) throw new ViewsUnavailable(error.message);
  throw error;
}
