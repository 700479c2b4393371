import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fillWith, makeFolder, replaceWhole } from '../data/durable.ts';

/**
 * The key of this home's vision service, made once and kept in `<home>/vision-service/key` (readable by its owner only).
 * @returns 64 hexadecimal characters
 */
export async function serviceKey(home: string): Promise<string> {
  const file = join(home, 'vision-service', 'key');
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (/^[0-9a-f]{64}$/.test(known.trim())) return known.trim();
  const key = randomBytes(32).toString('hex');
  await makeFolder(join(home, 'vision-service'));
  await replaceWhole(file, fillWith(`${key}\n`));
  return key;
}
