import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DevFile, readDevFile } from '../client/dev-file.ts';
import { fillWith, replaceWhole } from '../data/durable.ts';

/** Writes `dev.json` whole or not at all. */
export async function writeDevFile(home: string, content: DevFile): Promise<void> {
  await replaceWhole(join(home, 'dev.json'), fillWith(`${JSON.stringify(content, null, 2)}\n`));
}

/** Removes `dev.json` if it is this process's. */
export async function removeDevFile(home: string): Promise<void> {
  if ((await readDevFile(home))?.pid === process.pid) await rm(join(home, 'dev.json'), { force: true });
}
