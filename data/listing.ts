import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { listCoco } from './coco-listing.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { listImageFolder } from './image-folder.ts';
import type { Listing, ListingOptions } from './listed-image.ts';

/**
 * Lists the images of an ImageFolder (one sub-folder per class) or of a COCO `.json` file, without opening the images.
 * An ImageFolder may hold `groups.csv` at its root, with the columns `file,group`.
 * @throws SourceUnreadableError when the folder or file is missing or cannot be read; problems inside are findings.
 */
export async function readListing(path: string, options: ListingOptions = {}): Promise<Listing> {
  const source = resolve(path);
  const kind = await kindOf(source);
  return kind === 'folder' ? listImageFolder(source, options) : listCoco(source, options);
}

async function kindOf(source: string): Promise<'folder' | 'file'> {
  try {
    const found = await stat(source);
    if (found.isDirectory()) return 'folder';
    if (found.isFile() && /\.json$/i.test(source)) return 'file';
  } catch (error) {
    const problem = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${systemCode(error)})`;
    throw new SourceUnreadableError(source, problem, { cause: error });
  }
  throw new SourceUnreadableError(source, 'is neither a folder with one sub-folder per class nor a COCO .json file');
}
