import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../loop/finding.ts';
import type { CocoImage } from './coco-file.ts';
import { mapAtOnce } from './concurrency.ts';

const AT_ONCE = 16;

/** Local files only: a `file:` address, else the file name, relative to the COCO file or absolute. */
export function pathOf(image: CocoImage, folder: string): string | undefined {
  const url = [image.absolute_url, image.coco_url].find((each) => each?.startsWith('file:'));
  try {
    if (url !== undefined) return fileURLToPath(url);
  } catch {
    return undefined;
  }
  if (!image.file_name || image.file_name.includes('\0')) return undefined;
  return resolve(folder, image.file_name);
}

/**
 * Those of `paths` that lead out of the COCO file's folder, by their spelling or over a link. Files that are not there are
 * left to the checks that open them.
 */
export async function pathsOutside(paths: readonly string[], folder: string): Promise<Set<string>> {
  const root = await realpath(folder);
  const outside = await mapAtOnce(paths, AT_ONCE, async (path) => {
    if (!path.startsWith(folder + sep) && !path.startsWith(root + sep)) return true;
    const real = await realpath(path).catch(() => undefined);
    return real !== undefined && !real.startsWith(root + sep);
  });
  return new Set(paths.filter((_, at) => outside[at]));
}

/** The finding for an image whose address leads elsewhere: a file from somebody must not read what is not theirs. */
export function outsideFolder(name: string, folder: string): Finding {
  return {
    severity: 'error',
    code: 'image-outside',
    where: name,
    message: `the image lies outside the COCO file’s folder ${folder}; nothing outside it is read`,
    fix: 'Put the COCO file into a folder that holds all its images, at any depth, and name them relative to it.',
  };
}
