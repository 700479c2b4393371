import { access } from 'node:fs/promises';
import type { z } from 'zod';
import type { LoopFolder } from '../data/loop-folder.ts';
import { type Trouble, type TroubleKind, trouble } from './verify-trouble.ts';

/** A loop's files while they are held against each other; gathers what differs. */
export class VerifiedRecord {
  readonly folder: LoopFolder;
  readonly troubles: Trouble[] = [];
  readonly #files: ReadonlySet<string>;
  readonly #damaged: ReadonlySet<string>;

  /** @param damaged files that have been told already, and are compared with nothing. */
  constructor(folder: LoopFolder, files: Iterable<string>, damaged: ReadonlySet<string>) {
    this.folder = folder;
    this.#files = new Set(files);
    this.#damaged = damaged;
  }

  add(kind: TroubleKind, file: string, what: string): void {
    this.troubles.push(trouble(kind, file, what));
  }

  /** Whether a file was there, whatever it held, when the folder was listed. */
  has(file: string): boolean {
    return this.#files.has(file);
  }

  /** Whether something of it has been told already. */
  isDamaged(file: string): boolean {
    return this.#damaged.has(file);
  }

  /** Files whose path has this form, in order. */
  matching(pattern: RegExp): RegExpExecArray[] {
    return [...this.#files].map((file) => pattern.exec(file)).filter((match) => match !== null);
  }

  /** What a file holds; undefined when it is not there or has been told already. */
  async read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
    return this.has(file) && !this.isDamaged(file) ? this.folder.readRecord(file, schema) : undefined;
  }

  /** Tells a file that should be there and is not; a loop that runs may have written it since the folder was listed. */
  async require(file: string, because: string): Promise<void> {
    if (this.has(file) || this.isDamaged(file)) return;
    const there = await access(this.folder.resolve(file)).then(
      () => true,
      () => false,
    );
    if (!there) this.add('missing', file, `is missing, although ${because}`);
  }
}
