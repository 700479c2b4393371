import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  await mkdir(join(home, 'vision-service'), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${key}\n`, { mode: 0o600 });
  await rename(draft, file);
  return key;
}
