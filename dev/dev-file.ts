import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DevFile, readDevFile } from '../client/dev-file.ts';

/** Writes `dev.json` whole or not at all. */
export async function writeDevFile(home: string, content: DevFile): Promise<void> {
  const draft = join(home, `dev.json.${randomUUID()}`);
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, join(home, 'dev.json'));
}

/** Removes `dev.json` if it is this process's. */
export async function removeDevFile(home: string): Promise<void> {
  if ((await readDevFile(home))?.pid === process.pid) await rm(join(home, 'dev.json'), { force: true });
}
