import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from './run-command.ts';

const DevFileSchema = z.object({
  /** `HOST:PORT` of the Temporal server. */
  temporalAddress: z.string(),
  /** Address of the Temporal UI; empty when it is not known. */
  uiUrl: z.string(),
  /** Address of the vision service. */
  serviceUrl: z.string(),
  /** Process that keeps them up. */
  pid: z.number().int(),
});

/** `<home>/dev.json`: where the services of this home answer while they are up. Holds no secrets. */
export type DevFile = z.infer<typeof DevFileSchema>;

/** The services that run for this home; undefined when none do (a file left over by a dead process counts as none). */
export async function readDevFile(home: string): Promise<DevFile | undefined> {
  try {
    const found = DevFileSchema.parse(JSON.parse(await readFile(join(home, 'dev.json'), 'utf8')));
    return isAlive(found.pid) ? found : undefined;
  } catch {
    return undefined;
  }
}

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
