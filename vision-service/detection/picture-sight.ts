import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { allEnded } from '../all-ended.ts';
import type { Backbone } from '../backbones/backbone.ts';
import { decodeLetterboxed, decodePicture } from '../backbones/decode.ts';
import type { BoundedCache } from '../bounded-cache.ts';
import type { Box } from './boxes.ts';
import { cropSquare, type Sight } from './detector.ts';
import { bytesOf, fromHalves, halvesOf, toHalves } from './half.ts';
import { frameOf, PLACES, type PlaceMaps, placeMaps, SQUARE_SIDE } from './places.ts';

/** Boxes are cut out of a picture of at most this many pixels a side. */
const CUT_FROM = SQUARE_SIDE * 3;
/** Crops in memory at once. */
const AT_ONCE = 8;

/** What pictures are looked at with. */
export interface SightTools {
  backbone: Backbone;
  maps: BoundedCache;
  crops: BoundedCache;
}

/** A picture by its content hash and a way to its bytes, which is used only when something is not in the caches. */
export interface SightedImage {
  sha256: string;
  read: () => Promise<Uint8Array>;
}

/** An image that cannot be decoded; the message is the decoder's. */
export class UndecodablePicture extends Error {
  override readonly name = 'UndecodablePicture';
}

/** What a detector sees of an image file. */
export interface PictureSight extends Sight {
  /** Whether its maps are in the cache. */
  isKnown(): boolean;
}

/** What a detector sees of an encoded image. Numbers are rounded to halves, so that cached ones are the same as fresh ones. */
export function sightOf(image: SightedImage, tools: SightTools, signal?: AbortSignal): PictureSight {
  const options = signal === undefined ? {} : { signal };
  const key = `${image.sha256} ${tools.backbone.hash}`;
  return {
    isKnown: () => tools.maps.has(key),
    maps: async () => {
      const known = tools.maps.get(key);
      if (known !== undefined) return unpackMaps(known);
      const picture = await decodeLetterboxed(await image.read(), SQUARE_SIDE).catch(undecodable);
      const [maps] = await tools.backbone.featureMaps([picture.square], SQUARE_SIDE, options);
      if (maps === undefined) throw new Error('The backbone gave no maps');
      const packed = packMaps(placeMaps(maps, frameOf(picture)));
      tools.maps.put(key, packed);
      return unpackMaps(packed);
    },
    crops: (boxes) => cropFeatures(image, boxes, { ...tools, options }),
  };
}

function undecodable(error: unknown): never {
  throw new UndecodablePicture((error instanceof Error ? error.message : String(error)).split('\n')[0]);
}

async function cropFeatures(
  image: SightedImage,
  boxes: readonly Box[],
  { backbone, crops, options }: SightTools & { options: { signal?: AbortSignal } },
): Promise<Float32Array[]> {
  const wanted = boxes.map((box) => ({ box, key: cropKey(image.sha256, box, backbone) }));
  const found = new Map<string, Uint8Array>();
  for (const { key } of wanted) {
    const known = crops.get(key);
    if (known !== undefined) found.set(key, known);
  }
  const missing = wanted.filter(({ key }) => !found.has(key));
  if (missing.length > 0) {
    const picture = await decodePicture(await image.read(), CUT_FROM).catch(undecodable);
    // One by one and not awaited: the first are embedded while the next are cut out.
    const limit = pLimit(AT_ONCE);
    const look = async ({ box, key }: (typeof missing)[number]) => {
      const [feature] = await backbone.embedSquares([cropSquare(picture, box, backbone)], options);
      const packed = bytesOf(toHalves(feature ?? new Float32Array()));
      found.set(key, packed);
      crops.put(key, packed);
    };
    await allEnded(missing.map((each) => limit(() => look(each))));
  }
  return wanted.map(({ key }) => fromHalves(halvesOf(found.get(key) ?? new Uint8Array())));
}

/** A hash of what decides the features, so that keys are short. */
function cropKey(sha256: string, { left, top, width, height }: Box, { hash, cropSide }: Backbone): string {
  return createHash('sha256').update([sha256, left, top, width, height, hash, cropSide].join(' ')).digest('base64url');
}

const AREA = PLACES * PLACES;

/** Two numbers for the frame, then both maps; their channels follow from the lengths. */
function packMaps({ frame, fine, coarse }: PlaceMaps): Uint8Array {
  const head = Float32Array.of(frame.wide, frame.high, fine.length);
  return Buffer.concat([Buffer.from(head.buffer), bytesOf(toHalves(fine)), bytesOf(toHalves(coarse))]);
}

function unpackMaps(bytes: Uint8Array): PlaceMaps {
  const [wide = 0, high = 0, fineLength = AREA] = new Float32Array(new Uint8Array(bytes.subarray(0, 12)).buffer);
  const numbers = fromHalves(halvesOf(bytes.subarray(12)));
  return { frame: { wide, high }, fine: numbers.slice(0, fineLength), coarse: numbers.slice(fineLength) };
}
