import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** One folder per version of the package that was released, or is being made; see `record.ts`. */
export const HISTORIES = new URL('./histories/', import.meta.url);

/** The version of the package that is being made. */
export function currentVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Names of the recorded histories, without `.json`, by version. */
export async function recordedVersions(): Promise<Map<string, string[]>> {
  const versions = new Map<string, string[]>();
  for (const entry of await readdir(HISTORIES, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const files = await readdir(new URL(`${entry.name}/`, HISTORIES));
    versions.set(
      entry.name,
      files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length)),
    );
  }
  return versions;
}
