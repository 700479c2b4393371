import { readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { foreignJson } from '../loop/json.ts';
import type { FileRef } from '../loop/round.ts';
import { LoopNameSchema } from '../loop/spec.ts';
import { createExclusive, fillWith, makeFolder, replaceWhole } from './durable.ts';
import { FolderConflictError, FolderMissingError, orDiskTrouble, PathOutsideError, systemCode } from './errors.ts';
import { sha256Of } from './hash.ts';
import { type ImageName, type ImageStore, storeImageFile } from './image-store.ts';
import { stableJson } from './json.ts';
import { type Bound, sizeProblem } from './read-bounded.ts';

/**
 * The plain files of one loop, below `<home>/loops/<loop>`. Only the owner can read them (0700, 0600). Every write
 * happens whole or not at all and is on the disk when it returns.
 */
export class LoopFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * The folder of a loop; touches no disk.
   * @throws ZodError when `loop` is no loop name, so that no name leads out of `home`.
   */
  static at(home: string, loop: string): LoopFolder {
    return new LoopFolder(join(resolve(home), 'loops', LoopNameSchema.parse(loop)));
  }

  /** Makes the folder (0700) and its parents; fine when it exists. @throws DiskFullError; FolderUnusableError */
  async create(): Promise<void> {
    await orDiskTrouble(this.path, () => makeFolder(this.path));
  }

  /** Whether the folder exists on this machine. */
  async exists(): Promise<boolean> {
    try {
      return (await stat(this.path)).isDirectory();
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
      throw error;
    }
  }

  /** @throws FolderMissingError when the folder does not exist: client and worker see different homes. */
  async mustExist(): Promise<void> {
    if (!(await this.exists())) throw new FolderMissingError(this.path);
  }

  /**
   * Absolute path of a file of the folder.
   * @throws PathOutsideError when it would leave the folder.
   */
  resolve(file: string): string {
    const path = resolve(this.path, file);
    if (isAbsolute(file) || file.includes('\0') || !isInside(this.path, path)) {
      throw new PathOutsideError(file, this.path);
    }
    return path;
  }

  /**
   * Creates a file once. The same bytes there already are fine, so a late or repeated attempt changes nothing.
   * @throws FolderConflictError when other bytes are there; DiskFullError; FolderUnusableError; FolderMissingError;
   *   PathOutsideError.
   */
  async writeOnce(file: string, content: string | Uint8Array): Promise<FileRef> {
    const path = await this.#prepare(file);
    const bytes = Buffer.from(content);
    const found = await readIfThere(path);
    if (found === undefined) {
      const created = await orDiskTrouble(path, () => createExclusive(path, fillWith(bytes)));
      if (!created) this.#mustEqual(file, bytes, await readIfThere(path));
    } else this.#mustEqual(file, bytes, found);
    return { uri: pathToFileURL(path).href, sha256: sha256Of(bytes) };
  }

  /** `writeOnce` of a value as JSON with sorted keys: equal values give equal bytes. */
  async writeJsonOnce(file: string, value: unknown): Promise<FileRef> {
    return this.writeOnce(file, stableJson(value));
  }

  /**
   * Writes a derived file such as `report.html` over what is there.
   * @throws DiskFullError; FolderMissingError; PathOutsideError.
   */
  async replace(file: string, content: string | Uint8Array): Promise<FileRef> {
    const path = await this.#prepare(file);
    await orDiskTrouble(path, () => replaceWhole(path, fillWith(content)));
    return { uri: pathToFileURL(path).href, sha256: sha256Of(content) };
  }

  /** Removes a file that nothing depends on yet; fine when it is not there. @throws PathOutsideError */
  async discard(file: string): Promise<void> {
    await rm(this.resolve(file), { force: true });
  }

  /**
   * The value in a JSON file; undefined when there is no such file.
   * @throws FolderConflictError when it is not JSON, nested without end or has a key that is never taken;
   *   PathOutsideError.
   */
  async readJson(file: string): Promise<unknown> {
    const bytes = await readIfThere(this.resolve(file));
    if (bytes === undefined) return undefined;
    // An imported record is somebody else's.
    const json = foreignJson(bytes.toString('utf8'));
    if ('problem' in json) throw new FolderConflictError(file, json.problem);
    return json.value;
  }

  /**
   * The value in a JSON file, checked against a schema; undefined when there is no such file.
   * @throws FolderConflictError when it does not fit; PathOutsideError.
   */
  async readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const value = await this.readJson(file);
    if (value === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (!parsed.success)
      throw new FolderConflictError(file, `is not what it should be: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }

  /**
   * The bytes a reference names, checked against its SHA-256. A reference that was written while the folder lay below another
   * home (an imported record, a home that moved) names the same file of this one.
   * @param bound for a file that comes from outside; it is looked at before a byte is read.
   * @throws PathOutsideError when the address, or a symbolic link on the way, leaves the folder;
   *   FolderConflictError when the file is missing, holds other bytes or is beyond its bound; FolderMissingError.
   */
  async read(ref: FileRef, bound?: Bound): Promise<Buffer> {
    const path = this.#pathOf(ref);
    await this.mustExist();
    const file = relative(this.path, path);
    if (bound !== undefined) await this.#mustBeWithin(bound, path);
    const bytes = await readIfThere(path);
    if (bytes === undefined) throw new FolderConflictError(file, 'is missing');
    if (!isInside(await realpath(this.path), await realpath(path))) throw new PathOutsideError(ref.uri, this.path);
    if (sha256Of(bytes) !== ref.sha256)
      throw new FolderConflictError(file, 'does not hold the bytes it was written with');
    return bytes;
  }

  /**
   * The reference of a file that is there.
   * @throws FolderConflictError when it is missing; PathOutsideError.
   */
  async refTo(file: string): Promise<FileRef> {
    const path = this.resolve(file);
    const bytes = await readIfThere(path);
    if (bytes === undefined) throw new FolderConflictError(file, 'is missing');
    return { uri: pathToFileURL(path).href, sha256: sha256Of(bytes) };
  }

  /**
   * Stores an image once as `<sha256>.<ext>` in `images/`, or in another folder of images.
   * A file of this loop's folder is hard-linked; any other is reflinked or copied, so that editing the source in
   * place can never change what the loop owns.
   * @returns the file name.
   * @throws SourceChangedError when the stored bytes would not be those of the name; FolderConflictError when a
   *   file of that name holds other bytes; DiskFullError; FolderMissingError.
   */
  async storeImage(source: string, name: ImageName, store: ImageStore = 'images'): Promise<string> {
    await this.mustExist();
    return storeImageFile({ root: this.path, store, source, name });
  }

  async #prepare(file: string): Promise<string> {
    const path = this.resolve(file);
    await this.mustExist();
    await orDiskTrouble(path, () => makeFolder(dirname(path)));
    return path;
  }

  /** @throws FolderConflictError for a larger file, and for what is no file: a pipe has no size and no end. */
  async #mustBeWithin(bound: Bound, path: string): Promise<void> {
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined) return;
    const problem = facts.isFile() ? sizeProblem(facts.size, bound) : 'is not a file';
    if (problem !== undefined) throw new FolderConflictError(relative(this.path, path), problem);
  }

  #pathOf(ref: FileRef): string {
    const path = pathOfUri(ref.uri) ?? '';
    const inside = isInside(this.path, path) ? path : this.#moved(path);
    if (inside === undefined || !isInside(this.path, inside)) throw new PathOutsideError(ref.uri, this.path);
    return inside;
  }

  /** Where a file of this loop's folder below another home lies in this one. */
  #moved(path: string): string | undefined {
    const folder = `${sep}loops${sep}${basename(this.path)}${sep}`;
    const at = path.lastIndexOf(folder);
    return at === -1 ? undefined : join(this.path, path.slice(at + folder.length));
  }

  #mustEqual(file: string, expected: Buffer, found: Buffer | undefined): void {
    if (found?.equals(expected)) return;
    throw new FolderConflictError(file, 'is there already with another content; it is left as it is');
  }
}

/** The path of a `file:` address; undefined for any other. */
function pathOfUri(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await orDiskTrouble(path, () => readFile(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
