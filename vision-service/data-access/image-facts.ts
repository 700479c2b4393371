import type { DatabaseSync, StatementSync } from 'node:sqlite';
import sharp from 'sharp';
import { z } from 'zod';

/** What the header of an image file says. */
export interface ImageFacts {
  width: number;
  height: number;
  format: string;
}

/** Formats that are read, by the decoder's names. */
const FORMATS = new Set(['jpeg', 'png', 'gif', 'webp', 'tiff']);

const FactsRow = z.object({ width: z.number(), height: z.number(), format: z.string() });

/** Facts of images by content hash, so that the header of an image is looked at once. */
export class ImageFactsCache {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;

  /** Makes its table in the database if it is not there. */
  constructor(db: DatabaseSync) {
    db.exec(
      'CREATE TABLE IF NOT EXISTS image_facts (image TEXT PRIMARY KEY, width INTEGER, height INTEGER, format TEXT)',
    );
    this.#select = db.prepare('SELECT width, height, format FROM image_facts WHERE image = ?');
    this.#insert = db.prepare('INSERT OR IGNORE INTO image_facts VALUES (?, ?, ?, ?)');
  }

  /** Facts of an image whose bytes are at hand; undefined when they are no image. */
  async of(sha256: string, bytes: Uint8Array): Promise<ImageFacts | undefined> {
    const known = this.#select.get(sha256);
    if (known !== undefined) return FactsRow.parse(known);
    const facts = await probe(bytes);
    if (facts !== undefined) this.#insert.run(sha256, facts.width, facts.height, facts.format);
    return facts;
  }
}

async function probe(bytes: Uint8Array): Promise<ImageFacts | undefined> {
  try {
    // Only the header is read; the limits on sides follow from what it says.
    const { width, height, format } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { width, height, format };
  } catch {
    return undefined;
  }
}

/** Why an image cannot be used; `problem` is the rest of a sentence that begins with the image. */
export interface ImageProblem {
  code: 'InvalidImageFormat' | 'InvalidImageSize';
  problem: string;
}

/** What breaks the limits: the type, or a side in pixels outside `min`…`max`. Undefined when the image is fine. */
export function imageProblem(facts: ImageFacts, side: { min: number; max: number }): ImageProblem | undefined {
  if (!FORMATS.has(facts.format)) {
    return { code: 'InvalidImageFormat', problem: `is of the type ${facts.format}, which is not read` };
  }
  const [small, large] = [Math.min(facts.width, facts.height), Math.max(facts.width, facts.height)];
  if (small >= side.min && large <= side.max) return undefined;
  const problem = `is ${facts.width}×${facts.height} px; sides must be between ${side.min} and ${side.max} px`;
  return { code: 'InvalidImageSize', problem };
}
