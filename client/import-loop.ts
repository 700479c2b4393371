import { createHash } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { openPromise, type ZipFile } from 'yauzl';
import { mapAtOnce } from '../data/concurrency.ts';
import { fillStream, fillWith, makeFolder, moveFolder } from '../data/durable.ts';
import { DataError, orDiskTrouble, systemCode } from '../data/errors.ts';
import { sha256Of } from '../data/hash.ts';
import { stableJson } from '../data/json.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { isTemporary, LEFTOVER_AFTER_MS, temporaryFor } from '../data/temporaries.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Manifest, ManifestFile } from './export-format.ts';
import { type ImportLimits, openEntry, type ReadEntries, readEntries } from './import-entries.ts';
import { damaged, readManifest } from './import-manifest.ts';
import { IMPORTED_FILE, type Imported } from './imported-file.ts';
import type { Progress } from './verify-contents.ts';

const AT_ONCE = 4;

export interface ImportRequest {
  home: string;
  /** The ZIP file. */
  source: string;
  limits: ImportLimits;
  /** Told after each file that was unpacked. */
  progress: Progress;
}

export interface ImportedLoop {
  manifest: Manifest;
  folder: string;
}

/**
 * Unpacks an exported loop into this home, whole or not at all: beside its place, every file against its hash, and then moved there.
 * @throws CliError (exit 2) when the file is no exported loop, or the home has a loop of that name; (exit 7) when the file is damaged
 *   or hostile, naming all that is wrong with it; DiskFullError.
 */
export async function importLoop(request: ImportRequest): Promise<ImportedLoop> {
  const { home, source, limits } = request;
  const zip = await openZip(source);
  try {
    const read = await readEntries(zip, limits);
    if (read.problems.length > 0) throw damaged(source, read.problems);
    const manifest = await readManifest(zip, read, source);
    const folder = LoopFolder.at(home, manifest.loop);
    if (await isThere(folder.path)) throw nameTaken(folder.path, manifest.loop);
    await removeLeftovers(dirname(folder.path));
    const temporary = temporaryFor(folder.path);
    try {
      await unpack(request, { zip, read, manifest, temporary });
      if (!(await moveFolder(temporary, folder.path))) throw nameTaken(folder.path, manifest.loop);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return { manifest, folder: folder.path };
  } catch (error) {
    throw isOurs(error) ? error : damaged(source, [words(error)]);
  } finally {
    zip.close();
  }
}

/** Errors that say what they are about; all else is what zlib and the ZIP library find wrong with damaged bytes. */
function isOurs(error: unknown): boolean {
  return error instanceof CliError || error instanceof DataError || (error instanceof Error && 'syscall' in error);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function openZip(source: string): Promise<ZipFile> {
  try {
    return await openPromise(source, { decodeStrings: false, autoClose: false });
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read as a ZIP file: ${words(error)}`;
    throw new CliError(`${source} ${why}.`, {
      exitCode: EXIT.usage,
      next: 'Name a file that was written by: deltaloop export LOOP FILE.zip',
      cause: error,
    });
  }
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function nameTaken(path: string, loop: string): CliError {
  return new CliError(`This home has a loop ${loop} already (${path}); it was left as it is.`, {
    exitCode: EXIT.usage,
    next: `Import into another home: DELTALOOP_HOME=DIR deltaloop import FILE.zip`,
  });
}

interface Unpacking {
  zip: ZipFile;
  read: ReadEntries;
  manifest: Manifest;
  temporary: string;
}

async function unpack(
  { source, progress }: ImportRequest,
  { zip, read, manifest, temporary }: Unpacking,
): Promise<void> {
  const { files, loop, exportedAt } = manifest;
  await orDiskTrouble(temporary, () => makeFolder(temporary));
  const folders = new Set(files.map(({ path }) => dirname(path)));
  for (const folder of folders) await orDiskTrouble(temporary, () => makeFolder(join(temporary, folder)));
  let done = 0;
  const problems = await mapAtOnce(files, AT_ONCE, async (file) => {
    const entry = read.entries.get(`${loop}/${file.path}`)?.entry;
    if (entry === undefined) return [`${file.path} is missing`];
    const path = join(temporary, file.path);
    const problem = await unpackOne(await openEntry(zip, entry), path, file);
    done += 1;
    progress(done, files.length);
    return problem;
  });
  if (problems.flat().length > 0) throw damaged(source, problems.flat());
  const mark: Imported = {
    schemaVersion: 1,
    exportedAt,
    importedAt: new Date().toISOString(),
    manifest: sha256Of(stableJson(manifest)),
  };
  await orDiskTrouble(temporary, () => fillWith(stableJson(mark))(join(temporary, IMPORTED_FILE)));
}

/** Unpacks one file and hashes it on the way. */
async function unpackOne(packed: Readable, path: string, { path: name, sha256 }: ManifestFile): Promise<string[]> {
  const sum = createHash('sha256');
  const hashing = new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      sum.update(piece);
      done(null, piece);
    },
  });
  packed.on('error', (error) => hashing.destroy(error));
  try {
    await orDiskTrouble(path, () => fillStream(packed.pipe(hashing))(path));
  } catch (error) {
    if (isOurs(error)) throw error;
    return [`${JSON.stringify(name)} cannot be unpacked: ${words(error)}`];
  } finally {
    packed.destroy();
  }
  return sum.digest('hex') === sha256 ? [] : [`${JSON.stringify(name)} does not hold the bytes that were exported`];
}

/** What imports that were killed more than a day ago have left beside the loops. */
async function removeLeftovers(loops: string): Promise<void> {
  const names = await readdir(loops).catch(() => []);
  for (const name of names.filter(isTemporary)) {
    const found = await lstat(join(loops, name)).catch(() => undefined);
    if (found?.isDirectory() && Date.now() - found.ctimeMs > LEFTOVER_AFTER_MS)
      await rm(join(loops, name), { recursive: true, force: true });
  }
}
