import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { createExclusive, type Fill, fillByLink, fillFrom, makeFolder } from './durable.ts';
import { FolderConflictError, orDiskTrouble, SourceChangedError, SourceUnreadableError, systemCode } from './errors.ts';
import { sha256OfFile } from './hash.ts';

/** The folders of a loop that hold images, each image once under its content hash. */
export type ImageStore = 'images' | 'evaluation/images' | 'inbox';

/** Content hash in hex, and the extension of the image's real format without a dot. */
export interface ImageName {
  sha256: string;
  ext: string;
}

/**
 * Stores an image as `<root>/<store>/<sha256>.<ext>`; see `LoopFolder.storeImage`.
 * @returns the file name.
 */
export async function storeImageFile(job: {
  root: string;
  store: ImageStore;
  source: string;
  name: ImageName;
}): Promise<string> {
  const { root, store, source, name } = job;
  const file = imageFileName(name);
  const folder = join(root, store);
  const path = join(folder, file);
  await orDiskTrouble(path, async () => {
    await makeFolder(folder);
    if (await holds(path, name.sha256)) return;
    const created = await createExclusive(path, verified(name.sha256, source, own(root, source)));
    if (!created) await holds(path, name.sha256);
  });
  return file;
}

function imageFileName(name: ImageName): string {
  // Names come out of files, too: nothing but a hash may become part of a path.
  if (!/^[0-9a-f]{64}$/.test(name.sha256) || !/^[a-z0-9]{1,8}$/.test(name.ext)) {
    throw new RangeError(`not the name of a stored image: ${name.sha256}.${name.ext}`);
  }
  return `${name.sha256}.${name.ext}`;
}

/** A link costs nothing, but only files that no one else edits in place may be shared: this loop's, and the images of its neighbours. */
function own(root: string, source: string): Fill {
  const [loop, store] = relative(dirname(root), source).split(sep);
  return source.startsWith(root + sep) || (loop !== '..' && store === 'images' && basename(dirname(root)) === 'loops')
    ? fillByLink(source)
    : fillFrom(source);
}

function verified(sha256: string, source: string, fill: Fill): Fill {
  return async (temporary) => {
    await fill(temporary).catch((error) => {
      if (systemCode(error) === 'ENOENT')
        throw new SourceUnreadableError(source, 'does not exist any more', { cause: error });
      // Copying may fail on either side: only a source that can be read leaves the folder as the cause.
      return access(source, constants.R_OK).then(
        () => Promise.reject(error),
        (refused) => Promise.reject(new SourceUnreadableError(source, `cannot be read (${systemCode(refused)})`)),
      );
    });
    if ((await sha256OfFile(temporary)) !== sha256) throw new SourceChangedError(source);
  };
}

async function holds(path: string, sha256: string): Promise<boolean> {
  try {
    if ((await sha256OfFile(path)) === sha256) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  throw new FolderConflictError(relative(join(path, '..', '..'), path), 'does not hold the image of its name');
}
