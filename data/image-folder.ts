import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Finding } from '../loop/finding.ts';
import { classesOf } from '../loop/labels.ts';
import { className, unknownClass } from './class-names.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { GROUPS_FILE, readGroups } from './groups-csv.ts';
import { looksLikeImage } from './image-format.ts';
import { compareText } from './json.ts';
import type { ListedImage, Listing, ListingOptions } from './listed-image.ts';
import { emptyClass, leftOutClass } from './listing-findings.ts';

interface Walk {
  root: string;
  findings: Finding[];
  /** Real paths of the folders above, against links that lead in circles. */
  above: string[];
}

/** Lists an ImageFolder; see `readListing`. Hidden files are passed over, links may not leave the folder. */
export async function listImageFolder(source: string, options: ListingOptions): Promise<Listing> {
  const root = await realpath(source);
  const findings: Finding[] = [];
  const folders = await classFolders({ root, findings, above: [root] });
  const wanted = options.classes?.map(className);
  const classes = wanted ?? [...new Set(folders.map((folder) => className(folder)))].sort(compareText);
  const items: ListedImage[] = [];
  for (const folder of folders) {
    const name = className(folder);
    if (!classes.includes(name)) findings.push(extraClass(folder, name, { ...options, classes }));
    else {
      const files = await imagesBelow(folder, { root, findings, above: [root] });
      items.push(...files.map((file) => ({ path: join(root, file), name: file, className: name })));
    }
  }
  if (options.emptyClasses !== 'allow') findings.push(...emptyClasses(classes, items));
  const groups = await readGroups(root, new Set(items.map((item) => item.name)));
  findings.push(...groups.findings);
  return { classes, items: items.map((item) => withGroup(item, groups.groups)), findings };
}

async function classFolders(walk: Walk): Promise<string[]> {
  const folders: string[] = [];
  for (const entry of await entriesOf('', walk)) {
    const kind = await kindOf(entry.name, entry, walk);
    if (kind === 'folder') folders.push(entry.name);
    else if (kind === 'file' && entry.name !== GROUPS_FILE) walk.findings.push(outsideClass(entry.name));
  }
  return folders;
}

async function imagesBelow(folder: string, walk: Walk): Promise<string[]> {
  const real = await realpath(join(walk.root, folder));
  if (walk.above.includes(real)) return [];
  const inner = { ...walk, above: [...walk.above, real] };
  const files: string[] = [];
  for (const entry of await entriesOf(folder, walk)) {
    const file = `${folder}/${entry.name}`;
    const kind = await kindOf(file, entry, walk);
    if (kind === 'folder') files.push(...(await imagesBelow(file, inner)));
    else if (kind === 'file' && looksLikeImage(entry.name)) files.push(file);
    else if (kind === 'file') walk.findings.push(notAnImage(file));
  }
  return files;
}

async function entriesOf(folder: string, walk: Walk): Promise<Dirent[]> {
  const path = join(walk.root, folder);
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.')).sort((a, b) => compareText(a.name, b.name));
  } catch (error) {
    throw new SourceUnreadableError(path, `cannot be read (${systemCode(error)})`, { cause: error });
  }
}

async function kindOf(file: string, entry: Dirent, walk: Walk): Promise<'folder' | 'file' | 'other'> {
  if (entry.isDirectory()) return 'folder';
  if (entry.isFile()) return 'file';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    const real = await realpath(join(walk.root, file));
    if (real.startsWith(walk.root + sep)) return (await stat(real)).isDirectory() ? 'folder' : 'file';
    walk.findings.push(linkProblem(file, 'leads out of the folder'));
  } catch (error) {
    walk.findings.push(linkProblem(file, `leads nowhere (${systemCode(error)})`));
  }
  return 'other';
}

function withGroup(item: ListedImage, groups: ReadonlyMap<string, string>): ListedImage {
  const group = groups.get(item.name);
  return group === undefined ? item : { ...item, group };
}

function extraClass(folder: string, name: string, options: ListingOptions & { classes: string[] }): Finding {
  if (options.extraClasses === 'leave-out') return leftOutClass(folder, name);
  return unknownClass(folder, name, options.classes);
}

function emptyClasses(classes: readonly string[], items: readonly ListedImage[]): Finding[] {
  const seen = new Set(items.flatMap(classesOf));
  return classes
    .filter((name) => !seen.has(name))
    .map((name) => emptyClass(name, `the folder ${JSON.stringify(name)}`));
}

function outsideClass(file: string): Finding {
  if (!looksLikeImage(file)) return notAnImage(file);
  return {
    severity: 'error',
    code: 'image-outside-class',
    where: file,
    message: 'the image stands beside the class folders and so has no class',
    fix: 'Move it into the folder of its class, or take it out.',
  };
}

function notAnImage(file: string): Finding {
  return {
    severity: 'warning',
    code: 'not-an-image',
    where: file,
    message: 'the file does not have the name of an image and is left out',
    fix: 'Nothing to do, unless it is an image: then give it its extension, such as .jpg.',
  };
}

function linkProblem(file: string, problem: string): Finding {
  return {
    severity: 'error',
    code: 'link-outside',
    where: file,
    message: `the symbolic link ${problem}; links inside the folder are followed, others are not`,
    fix: 'Put a copy of the image in its place, or remove the link.',
  };
}
