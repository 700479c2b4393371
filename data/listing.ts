import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Finding } from '../loop/finding.ts';
import { listCoco } from './coco-listing.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { listImageFolder } from './image-folder.ts';

/** An image as a listing names it; nobody has looked into the file yet. */
export interface ListedImage {
  /** Absolute path. */
  path: string;
  /** How findings name it: relative to the folder, or to the COCO file. */
  name: string;
  className: string;
  /** Images of one group (a glyph, a video) never stand on both sides of a split. */
  group?: string;
}

export interface Listing {
  classes: string[];
  items: ListedImage[];
  findings: Finding[];
}

export interface ListingOptions {
  /** The loop's classes, in their order; without them the listing's own, sorted. */
  classes?: readonly string[];
  /** A class of the listing that is none of `classes`: an error (default), or left out with a warning. */
  extraClasses?: 'error' | 'leave-out';
  /** A class without an image: an error (default), or fine. */
  emptyClasses?: 'error' | 'allow';
}

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
