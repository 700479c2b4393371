import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { listCoco } from './coco-listing.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { listImageFolder } from './image-folder.ts';
import type { Listing, ListingOptions } from './listed-image.ts';

/**
 * Lists the images of an ImageFolder (one sub-folder per class) or of a COCO `.json` file, without opening the images.
 * An ImageFolder may hold `groups.csv` at its root, with the columns `file,group`. Detection is listed from COCO only.
 * @throws SourceUnreadableError when the folder or file is missing or cannot be read, or is a folder where boxes are needed;
 *   problems inside are findings.
 */
export async function readListing(path: string, options: ListingOptions = {}): Promise<Listing> {
  const source = resolve(path);
  const kind = await kindOf(source);
  if (kind === 'folder' && options.task === 'detection') throw await noBoxes(source);
  return kind === 'folder' ? listImageFolder(source, options) : listCoco(source, options);
}

/** A folder says which class an image has, not where. People often point at the folder that the COCO file lies in. */
async function noBoxes(source: string): Promise<SourceUnreadableError> {
  const files = (await readdir(source)).filter((name) => /\.json$/i.test(name));
  const there = files[0] === undefined ? '' : `, e.g. ${join(source, files[0])}`;
  const problem = 'is a folder; detection needs boxes, which folders of images do not have';
  return new SourceUnreadableError(source, `${problem}. Give a COCO .json file instead${there}`);
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
