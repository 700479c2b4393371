import type { DatabaseSync, StatementSync } from 'node:sqlite';
import sharp from 'sharp';
import { z } from 'zod';
import { bmpSize } from './bmp.ts';
import { heldBytes, MAX_HELD_BYTES } from './held-bytes.ts';
import { type ImageType, imageType, strangerName } from './image-type.ts';

/** What the header of an image file says: sides in pixels as the picture is seen, turned upright. */
export interface ImageFacts {
  width: number;
  height: number;
  format: string;
}

const FactsRow = z.object({ width: z.number(), height: z.number(), format: z.string() });

/** Facts of images by content hash, so that the header of an image is looked at once. */
export class ImageFactsCache {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;

  /** Makes its table in the database if it is not there; the one of earlier versions had sides as they are stored. */
  constructor(db: DatabaseSync) {
    db.exec('DROP TABLE IF EXISTS image_facts');
    db.exec(
      'CREATE TABLE IF NOT EXISTS upright_facts (image TEXT PRIMARY KEY, width INTEGER, height INTEGER, format TEXT)',
    );
    this.#select = db.prepare('SELECT width, height, format FROM upright_facts WHERE image = ?');
    this.#insert = db.prepare('INSERT OR IGNORE INTO upright_facts VALUES (?, ?, ?, ?)');
  }

  /** Facts of an image whose bytes are at hand, or why it is none that can be used. */
  async of(sha256: string, bytes: Uint8Array): Promise<ImageFacts | ImageProblem> {
    const known = this.#select.get(sha256);
    if (known !== undefined) return FactsRow.parse(known);
    const facts = await probe(bytes);
    if (!('problem' in facts)) this.#insert.run(sha256, facts.width, facts.height, facts.format);
    return facts;
  }
}

async function probe(bytes: Uint8Array): Promise<ImageFacts | ImageProblem> {
  if (bytes.length === 0) return { code: 'InvalidImageSize', problem: 'has no bytes' };
  const type = imageType(bytes);
  if (type === undefined) {
    return {
      code: 'InvalidImageFormat',
      problem: `is ${strangerName(bytes)}; JPEG, PNG, GIF, WebP, TIFF and BMP are read`,
    };
  }
  try {
    const size = type === 'bmp' ? bitmapSize(bytes) : await uprightSize(bytes, type);
    return tooLargeToHold(bytes, size) ?? { ...size, format: type };
  } catch (error) {
    const reason = error instanceof Error ? ` (${error.message.split('\n')[0]})` : '';
    return { code: 'InvalidImageFormat', problem: `is damaged or cut short${reason}` };
  }
}

/** Only the header is read; the limits on sides follow from what it says. */
async function uprightSize(bytes: Uint8Array, type: ImageType): Promise<{ width: number; height: number }> {
  const { autoOrient, format } = await sharp(bytes, { limitInputPixels: false }).metadata();
  // A file that is two things at once must not reach another decoder than the one it was let in for.
  if (format !== type) throw new Error(`it is ${format} and ${type} at once`);
  return autoOrient;
}

function bitmapSize(bytes: Uint8Array): { width: number; height: number } {
  const size = bmpSize(bytes);
  if (size === undefined) throw new Error('the header is not whole');
  return size;
}

function tooLargeToHold(bytes: Uint8Array, { width, height }: { width: number; height: number }) {
  const megabytes = Math.ceil(heldBytes(bytes) / 1024 ** 2);
  if (megabytes * 1024 ** 2 <= MAX_HELD_BYTES) return undefined;
  const problem = `is ${width}×${height} px and of a kind that is held in memory as a whole, which would take ${megabytes} MB; at most ${MAX_HELD_BYTES / 1024 ** 2} MB are used`;
  return { code: 'InvalidImageSize' as const, problem };
}

/** Why an image cannot be used; `problem` is the rest of a sentence that begins with the image. */
export interface ImageProblem {
  code: 'InvalidImageFormat' | 'InvalidImageSize';
  problem: string;
}

/** What breaks the limits: a side in pixels outside `min`…`max`. Undefined when the image is fine. */
export function imageProblem(facts: ImageFacts, side: { min: number; max: number }): ImageProblem | undefined {
  const [small, large] = [Math.min(facts.width, facts.height), Math.max(facts.width, facts.height)];
  if (small >= side.min && large <= side.max) return undefined;
  const problem = `is ${facts.width}×${facts.height} px; sides must be between ${side.min} and ${side.max} px`;
  return { code: 'InvalidImageSize', problem };
}
