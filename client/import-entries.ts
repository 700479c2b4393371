import type { Readable } from 'node:stream';
import { type Entry, getFileNameLowLevel, validateFileName, type ZipFile } from 'yauzl';

/** A file of a ZIP file, its name found to be harmless. */
export interface SafeEntry {
  name: string;
  entry: Entry;
}

export interface ReadEntries {
  entries: Map<string, SafeEntry>;
  /** Sentences, one for each entry that is not taken. */
  problems: string[];
  /** Bytes of all entries unpacked, as the ZIP file declares them. */
  bytes: number;
}

export interface ImportLimits {
  /** Entries of the ZIP file. */
  entries: number;
  /** Bytes of all files unpacked. */
  bytes: number;
}

/** JSON shrinks to a tenth, or a fiftieth where it repeats itself; a bomb to a thousandth. */
const MOST_RATIO = 200;
/** Below this an entry harms nobody, however well it shrinks. */
const RATIO_FROM_BYTES = 1 << 20;

const KIND = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

/**
 * Looks at every entry of a ZIP file, and unpacks none: names that lead elsewhere, links, duplicates, encrypted and unknown ways of
 * packing, and sizes beyond the limits are told together.
 * @throws yauzl's errors for a file that is no ZIP file.
 */
export async function readEntries(zip: ZipFile, limits: ImportLimits): Promise<ReadEntries> {
  const read: ReadEntries = { entries: new Map(), problems: [], bytes: 0 };
  if (zip.entryCount > limits.entries) {
    read.problems.push(`it has ${zip.entryCount} entries; ${limits.entries} are read at most`);
    return read;
  }
  const seen = new Set<string>();
  for await (const entry of zip.eachEntry()) {
    const name = nameOf(entry);
    const problem = name === undefined ? 'an entry has a name that is no text' : problemOf(name, entry, seen);
    read.bytes += entry.uncompressedSize;
    if (problem !== undefined) read.problems.push(problem);
    else if (name !== undefined && !name.endsWith('/')) read.entries.set(name, { name, entry });
  }
  const packed = [...read.entries.values()].reduce((sum, { entry }) => sum + entry.compressedSize, 0);
  if (packed > zip.fileSize) read.problems.push('its entries overlap, as those of a decompression bomb do');
  read.problems.push(...insideFiles(read.entries));
  if (read.bytes > limits.bytes)
    read.problems.push(
      `it unpacks to ${read.bytes} bytes, and at most ${limits.bytes} are unpacked; raise that with --max-gigabytes if you trust it`,
    );
  return read;
}

/**
 * Opens an entry to be read. Damaged bytes may fail before anybody reads: the stream keeps its error until somebody does.
 * @throws yauzl's errors.
 */
export function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(error);
      stream.on('error', (cause) => stream.destroy(cause));
      resolve(stream);
    });
  });
}

function nameOf(entry: Entry): string | undefined {
  // The library checks names one by one and stops at the first; here all are told.
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
  try {
    return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
  } catch {
    return undefined;
  }
}

function problemOf(name: string, entry: Entry, seen: Set<string>): string | undefined {
  const shown = JSON.stringify(name);
  const kind = (entry.externalFileAttributes >>> 16) & KIND;
  if (validateFileName(name) !== null || !isPlainPath(name))
    return `${shown} leads out of the loop’s folder, or is no plain path`;
  if (kind !== 0 && kind !== REGULAR && kind !== FOLDER) return `${shown} is a link or another special file`;
  if (seen.has(folded(name))) return `${shown} is there twice`;
  seen.add(folded(name));
  if (entry.isEncrypted() || !entry.canDecodeFileData()) return `${shown} is encrypted or packed in an unknown way`;
  if (entry.uncompressedSize > RATIO_FROM_BYTES && entry.uncompressedSize > MOST_RATIO * entry.compressedSize)
    return `${shown} unpacks to more than ${MOST_RATIO} times its size, as a decompression bomb does`;
  return undefined;
}

/** A name that is a file cannot hold others; told here, or the file system would only say so half way through. */
function insideFiles(entries: ReadEntries['entries']): string[] {
  const files = new Set([...entries.keys()].map(folded));
  return [...entries.keys()]
    .filter((name) => parents(folded(name)).some((parent) => files.has(parent)))
    .map((name) => `${JSON.stringify(name)} lies inside another file`);
}

function parents(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Some file systems take names for one that differ in case, or in how letters are composed. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** `a/b.c`: no empty part, none of dots alone, no control character, nothing that a drive letter or a stream would use. */
function isPlainPath(name: string): boolean {
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  return parts.every(
    (part) => part.length > 0 && part.length <= 255 && !/^\.+$/.test(part) && !/[\p{Cc}\\:]/u.test(part),
  );
}
