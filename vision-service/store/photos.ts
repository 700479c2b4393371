import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

/** Photos that wait for their product-recognition runs, one file each, so that no large write holds up the store. */
export class Photos {
  readonly #folder: string;

  /** @param folder that exists; nothing else is kept there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a photo and gives its id once it is on the disk. */
  async put(bytes: Uint8Array): Promise<string> {
    const id = randomUUID();
    await this.#synced(this.#file(id), 'wx', bytes);
    await this.#synced(this.#folder, 'r');
    return id;
  }

  /** The bytes of a photo; throws when it is gone. */
  read(id: string): Promise<Buffer> {
    return readFile(this.#file(id));
  }

  /** Removes a photo; one that is gone already is fine. */
  async drop(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  /** Removes photos whose runs are gone. */
  dropAll(ids: readonly string[]): void {
    for (const id of ids) rmSync(this.#file(id), { force: true });
  }

  /** Removes all but these: what a killed service had not dropped, or had not promised to keep. To be called before any `put`. */
  keepOnly(ids: readonly string[]): void {
    const kept = new Set(ids);
    this.dropAll(readdirSync(this.#folder).filter((id) => !kept.has(id)));
  }

  #file(id: string): string {
    return path.join(this.#folder, id);
  }

  async #synced(file: string, flags: 'wx' | 'r', bytes?: Uint8Array): Promise<void> {
    const handle = await open(file, flags, 0o600);
    try {
      if (bytes !== undefined) await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
