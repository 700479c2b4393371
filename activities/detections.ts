import { z } from 'zod';
import { type DetectionsFile, type FoundObject, FoundObjectSchema } from '../loop/files.ts';
import type { StoredImage } from '../loop/round.ts';
import type { Prediction } from '../vision/contract.ts';
import type { PredictionKind } from './prediction-kind.ts';
import { writeResampling } from './resampling.ts';

/** The surest boxes of an image that are kept; later ones hardly move a mean average precision. */
const KEPT = 200;
/** Decimals of a box and a confidence: a tenth of a pixel on 1,000. */
const DIGITS = 4;

/** What a detector found in one image, surest first; null when it was not predicted. */
type Found = FoundObject[] | null;

/**
 * What a detector found in every evaluation image, `rounds/N/detections-A.json`, and beside it the metric on many draws of
 * these images.
 */
export const DETECTIONS: PredictionKind<Found> = {
  file: 'detections',
  key: 'found',
  schema: z.array(FoundObjectSchema).nullable(),
  of: (prediction, image) => (prediction === null ? null : foundIn(prediction, image)),
  write: async (folder, { path, round, model, spec, set, known }) => {
    const images = set.map(({ sha256 }) => ({ image: sha256, found: known.get(sha256) ?? null }));
    const file: DetectionsFile = { schemaVersion: 1, model, images };
    await writeResampling(folder, { round, spec, set }, file);
    await folder.writeOnce(path, `${JSON.stringify(file)}\n`);
  },
};

/**
 * The objects with their boxes as shares of the sides: the service answers in pixels of the upright image. Every tag of an object
 * is a found box of that class, as the metric counts it.
 */
function foundIn({ customModelResult, metadata }: Prediction, image: StoredImage): FoundObject[] {
  const { width, height } = metadata ?? image;
  const objects = customModelResult.objectsResult?.values ?? [];
  const found = objects.flatMap(({ boundingBox: { x, y, w, h }, tags }) =>
    tags.map(({ name, confidence }): FoundObject => {
      const [left, top, wide, high] = [x / width, y / height, w / width, h / height];
      return [name, rounded(confidence), rounded(left), rounded(top), rounded(wide), rounded(high)];
    }),
  );
  return found.sort(([, one], [, other]) => other - one).slice(0, KEPT);
}

function rounded(value: number): number {
  return Number(value.toFixed(DIGITS));
}
