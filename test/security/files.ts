import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Found {
  path: string;
  folder: boolean;
  /** Permission bits, e.g. `600`. */
  mode: string;
}

/** Everything below a folder, itself included. */
export async function walk(folder: string): Promise<Found[]> {
  const inside = await readdir(folder, { recursive: true });
  return Promise.all(
    ['', ...inside].map(async (name) => {
      const path = join(folder, name);
      const facts = await stat(path);
      return { path, folder: facts.isDirectory(), mode: (facts.mode & 0o777).toString(8) };
    }),
  );
}
