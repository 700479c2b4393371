import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { csvFields, textLines } from '../loop/csv.ts';
import type { Finding } from '../loop/finding.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { readBounded } from './read-bounded.ts';

/** Name of the file at an ImageFolder's root that says which images belong together. */
export const GROUPS_FILE = 'groups.csv';

/** A million images with paths of a hundred characters. */
const GROUPS_BOUND = {
  maxBytes: 100_000_000,
  instead: 'keep only the lines of images that are in this folder, or split the folder with its groups',
};

interface Groups {
  /** Group of an image by its path relative to the root. */
  groups: Map<string, string>;
  findings: Finding[];
}

/**
 * Reads `groups.csv` (header `file,group`; fields may stand in double quotes); no file means no groups.
 * A link out of the folder is not followed; the listing tells it. A line that does not fit, or gives an image a second group, is an error; one that names no listed image a warning.
 * @throws SourceUnreadableError when the file is there but cannot be read, or is larger than any dataset's.
 */
export async function readGroups(root: string, files: ReadonlySet<string>): Promise<Groups> {
  const path = join(root, GROUPS_FILE);
  const text = (await leadsOut(path, root)) ? undefined : await readIfThere(path);
  if (text === undefined) return { groups: new Map(), findings: [] };
  const [header = '', ...lines] = textLines(text);
  if (csvFields(header).join(',') !== 'file,group') return { groups: new Map(), findings: [badHeader(header)] };
  return collectGroups(lines, files);
}

function collectGroups(lines: readonly string[], files: ReadonlySet<string>): Groups {
  const groups = new Map<string, string>();
  const findings: Finding[] = [];
  lines.forEach((line, at) => {
    if (line.trim() === '') return;
    const [file = '', group = '', ...rest] = csvFields(line);
    const problem = lineProblem({ file, group, rest, known: groups.get(file) });
    if (problem !== undefined) findings.push(badLine(at + 2, problem));
    else if (files.has(file)) groups.set(file, group);
    else findings.push(unknownFile(at + 2, file));
  });
  return { groups, findings };
}

function lineProblem(row: {
  file: string;
  group: string;
  rest: string[];
  known: string | undefined;
}): string | undefined {
  if (row.rest.length > 0 || row.group === '') return 'does not have the two fields `file,group`';
  if (row.known !== undefined && row.known !== row.group) return `gives ${JSON.stringify(row.file)} a second group`;
  return undefined;
}

/** What lies elsewhere is not the dataset's, and a line of it would be told. */
async function leadsOut(path: string, root: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && !real.startsWith((await realpath(root)) + sep);
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readBounded(path, GROUPS_BOUND).catch((error: unknown) => {
    if (error instanceof SourceUnreadableError && systemCode(error.cause) === 'ENOENT') return undefined;
    throw error;
  });
}

function badHeader(header: string): Finding {
  return {
    severity: 'error',
    code: 'groups-invalid',
    where: GROUPS_FILE,
    message: `the first line is ${JSON.stringify(header)}; it must be \`file,group\``,
    fix: 'Write `file,group` as the first line, then one line an image.',
  };
}

function badLine(line: number, problem: string): Finding {
  return {
    severity: 'error',
    code: 'groups-invalid',
    where: `${GROUPS_FILE}:${line}`,
    message: `the line ${problem}`,
    fix: 'Write the image’s path relative to this folder, a comma, and the one group it belongs to.',
  };
}

function unknownFile(line: number, file: string): Finding {
  return {
    severity: 'warning',
    code: 'groups-unknown-file',
    where: `${GROUPS_FILE}:${line}`,
    message: `the line names ${JSON.stringify(file)}, which is no image that is used from this folder`,
    fix: 'Nothing to do, unless the name is misspelt: write it relative to this folder.',
  };
}
