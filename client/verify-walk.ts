import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../data/errors.ts';
import { compareText } from '../data/json.ts';
import { isTemporary, LEFTOVER_AFTER_MS } from '../data/temporaries.ts';
import { type Trouble, trouble } from './verify-trouble.ts';

/** What lies in a loop's folder at one moment. */
export interface Walked {
  /** Regular files, relative to the folder, sorted. */
  files: string[];
  /** Temporary files, of writes under way or cut off. */
  temporaries: { file: string; old: boolean }[];
  troubles: Trouble[];
}

/** Bits of a mode that let others than the owner in; Windows has none of them. */
const OTHERS = process.platform === 'win32' ? 0 : 0o077;

/**
 * Lists all files below a loop's folder, with modes and links looked at; follows no link, but for the folder itself, which somebody may
 * have moved to a larger disk.
 */
export async function walkLoop(folder: string, now = Date.now()): Promise<Walked> {
  const root = await realpath(folder);
  const walked: Walked = { files: [], temporaries: [], troubles: [] };
  await checkMode(walked, root, '.');
  await walk(walked, { root, folder: '', now });
  walked.files.sort(compareText);
  return walked;
}

interface Place {
  root: string;
  /** Relative, with a final `/`; empty at the top. */
  folder: string;
  now: number;
}

async function walk(walked: Walked, place: Place): Promise<void> {
  const { root, folder, now } = place;
  for (const entry of await entriesOf(join(root, folder))) {
    const file = `${folder}${entry.name}`;
    if (entry.isDirectory()) {
      await checkMode(walked, root, file);
      await walk(walked, { ...place, folder: `${file}/` });
    } else if (!entry.isFile())
      walked.troubles.push(trouble('link', file, 'is a link or another special file, not the file itself'));
    else if (isTemporary(entry.name)) {
      const { ctimeMs } = await lstat(join(root, file)).catch(() => ({ ctimeMs: now }));
      walked.temporaries.push({ file, old: now - ctimeMs >= LEFTOVER_AFTER_MS });
    } else {
      walked.files.push(file);
      await checkMode(walked, root, file);
    }
  }
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function checkMode(walked: Walked, root: string, file: string): Promise<void> {
  const mode = await lstat(join(root, file)).then(
    (found) => found.mode & 0o777,
    () => 0,
  );
  if ((mode & OTHERS) === 0) return;
  const what = `has mode 0${mode.toString(8)}, which lets others in`;
  const found = trouble('mode', file, what);
  walked.troubles.push({ ...found, fix: found.fix.replace('FOLDER', root) });
}
