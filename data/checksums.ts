import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { mapAtOnce } from './concurrency.ts';
import { sha256Of, sha256OfFile } from './hash.ts';
import { compareText } from './json.ts';
import type { LoopFolder } from './loop-folder.ts';
import { isTemporary } from './temporaries.ts';

/** The file that holds the SHA-256 of every file of a loop that has ended; `sha256sum --check` reads it, too. */
export const CHECKSUMS_FILE = 'SHA256SUMS';

const HEADER = /^# deltaloop 1 ([0-9a-f]{64})$/;
const LINE = /^([0-9a-f]{64}) {2}(.+)$/;
const AT_ONCE = 8;

/** What may still come when a loop has ended: images that people hand in, and a journal that a stopped worker had open. */
const GROWS = /^(?:inbox|batches)\/|\.jsonl$/;

/** The SHA-256 in a name such as `images/<sha256>.png`; undefined for a file that is not named by its content. */
export function sha256InName(file: string): string | undefined {
  return /^(?:images|evaluation\/images|inbox|batches)\/([0-9a-f]{64})\.[a-z0-9]{1,8}$/.exec(file)?.[1];
}

/**
 * Records what every file of a loop holds as it ends. An image is recorded under the hash that it was stored with.
 * @param coming files that are written after this one, with their content.
 * @throws DiskFullError; FolderUnusableError; FolderMissingError.
 */
export async function writeChecksums(folder: LoopFolder, coming: Record<string, string>): Promise<void> {
  const found = (await readdir(folder.path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !isTemporary(entry.name))
    .map((entry) => relative(folder.path, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((file) => file !== CHECKSUMS_FILE && !(file in coming) && !GROWS.test(file));
  const sums = await mapAtOnce(found, AT_ONCE, async (file): Promise<[string, string]> => {
    return [file, sha256InName(file) ?? (await sha256OfFile(folder.resolve(file)))];
  });
  for (const [file, content] of Object.entries(coming)) sums.push([file, sha256Of(content)]);
  await folder.replace(CHECKSUMS_FILE, checksumsText(new Map(sums)));
}

/** Checksums as text, sorted by file; the first line holds the hash of the others. */
function checksumsText(sums: ReadonlyMap<string, string>): string {
  const sorted = [...sums].sort(([one], [other]) => compareText(one, other));
  const body = sorted.map(([file, sha256]) => `${sha256}  ${file}\n`).join('');
  return `# deltaloop 1 ${sha256Of(body)}\n${body}`;
}

/** Checksums by file, as `checksumsText` wrote them; undefined when a byte of the text is another. */
export function parseChecksums(text: string): Map<string, string> | undefined {
  const end = text.indexOf('\n');
  const own = HEADER.exec(text.slice(0, end))?.[1];
  const body = text.slice(end + 1);
  if (end === -1 || own !== sha256Of(body)) return undefined;
  const lines = body
    .split('\n')
    .slice(0, -1)
    .map((line) => LINE.exec(line));
  return new Map(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[2], match[1]] as const] : [])));
}
