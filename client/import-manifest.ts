import { text } from 'node:stream/consumers';
import type { ZipFile } from 'yauzl';
import { z } from 'zod';
import { foreignJson } from '../loop/json.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { FORMAT_VERSION, FormatSchema, MANIFEST, type Manifest, ManifestSchema } from './export-format.ts';
import { openEntry, type ReadEntries } from './import-entries.ts';
import { IMPORTED_FILE } from './imported-file.ts';

/** Some hundred bytes a file: enough for a million files. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * The manifest of an exported loop, held against the entries of its ZIP file.
 * @throws CliError (exit 2) when there is none, or of another version; (exit 7) when files are missing, or there that it does not list.
 */
export async function readManifest(zip: ZipFile, { entries }: ReadEntries, source: string): Promise<Manifest> {
  const found = entries.get(MANIFEST);
  if (found === undefined || found.entry.uncompressedSize > MOST_BYTES) throw noLoop(source, `it has no ${MANIFEST}`);
  const json = foreignJson(await text(await openEntry(zip, found.entry)));
  if ('problem' in json) throw noLoop(source, `its ${MANIFEST} ${json.problem}`);
  const content = json.value;
  const format = FormatSchema.safeParse(content);
  if (!format.success) throw noLoop(source, `its ${MANIFEST} is not one of deltaloop’s`);
  const { formatVersion } = format.data;
  if (formatVersion !== FORMAT_VERSION)
    throw new CliError(
      `${source} has the format version ${formatVersion}; this version of deltaloop reads ${FORMAT_VERSION}.`,
      {
        exitCode: EXIT.usage,
        next: 'Import it with the version of deltaloop that exported it, or a newer one.',
      },
    );
  const manifest = ManifestSchema.safeParse(content);
  if (!manifest.success) throw noLoop(source, `its ${MANIFEST} is damaged: ${z.prettifyError(manifest.error)}`);
  const problems = differences(manifest.data, entries);
  if (problems.length > 0) throw damaged(source, problems);
  return manifest.data;
}

function differences({ loop, files }: Manifest, entries: ReadEntries['entries']): string[] {
  const listed = new Map(files.map((file) => [`${loop}/${file.path}`, file]));
  const twice = files.length > listed.size ? [`its ${MANIFEST} lists a file twice`] : [];
  const missing = [...listed.keys()]
    .filter((name) => !entries.has(name))
    .map((name) => `${JSON.stringify(name)} is missing`);
  const marked = files.some(({ path }) => path.toLowerCase() === IMPORTED_FILE);
  const extra = [...entries.keys()].filter((name) => name !== MANIFEST && !listed.has(name));
  const sizes = [...listed].filter(
    ([name, { bytes }]) => (entries.get(name)?.entry.uncompressedSize ?? bytes) !== bytes,
  );
  return [
    ...twice,
    ...(marked ? [`it holds ${IMPORTED_FILE}, which only an import writes`] : []),
    ...missing,
    ...extra.map((name) => `${JSON.stringify(name)} is not in its ${MANIFEST}`),
    ...sizes.map(([name]) => `${JSON.stringify(name)} has another size than its ${MANIFEST} says`),
  ];
}

function noLoop(source: string, why: string): CliError {
  return new CliError(`${source} is not an exported loop: ${why}.`, {
    exitCode: EXIT.usage,
    next: 'Export the loop where it ran: deltaloop export LOOP FILE.zip',
  });
}

const SHOWN = 20;

/** The error for a ZIP file that is not taken, with all that is wrong with it. */
export function damaged(source: string, problems: readonly string[]): CliError {
  const rest = problems.length - SHOWN;
  const lines = [...problems.slice(0, SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])];
  return new CliError(
    [`${source} was not imported, and nothing was written:`, ...lines.map((line) => `  ${line}`)].join('\n'),
    {
      exitCode: EXIT.checksFailed,
      next: 'Copy the file again, or export the loop again where it ran. Do not import what you do not trust.',
    },
  );
}
