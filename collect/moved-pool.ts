import { stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Pool } from './pool-file.ts';

/**
 * The frozen pool where it lies now: the same files, by the same paths below the folder, or beside the COCO file, that they were listed
 * from. Images that lay elsewhere are looked for where they were. Whether the bytes are the same is checked when an image is drawn.
 * @param place a folder or COCO file that can be read; absolute
 */
export async function movedPool(pool: Pool, place: string): Promise<Pool> {
  if (place === pool.source) return pool;
  const from = wasFolder(pool) ? pool.source : dirname(pool.source);
  const to = (await stat(place)).isDirectory() ? place : dirname(place);
  const images = pool.images.map((image) => ({ ...image, path: moved(image.path, from, to) }));
  return { ...pool, source: place, images };
}

/** A COCO file has no images below itself. */
function wasFolder({ source, images }: Pool): boolean {
  return images.some(({ path }) => path.startsWith(source + sep));
}

function moved(path: string, from: string, to: string): string {
  return path.startsWith(from + sep) ? join(to, relative(from, path)) : path;
}
