import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** SHA-256 of bytes, or of a text as UTF-8, in hex. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * SHA-256 of a file in hex, in memory that does not grow with the file.
 * @throws the system's error when the file cannot be read.
 */
export async function sha256OfFile(path: string): Promise<string> {
  return (await hashFile(path)).sha256;
}

/**
 * SHA-256 of a file in hex and its first `headBytes` bytes, in one pass as a stream.
 * @throws the system's error when the file cannot be read.
 */
export async function fingerprint(path: string, headBytes: number): Promise<{ sha256: string; head: Buffer }> {
  const sum = createHash('sha256');
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    sum.update(chunk);
    if (head.length < headBytes) head = Buffer.concat([head, chunk]).subarray(0, headBytes);
  }
  return { sha256: sum.digest('hex'), head };
}

/** A file of up to so many bytes is read at once, which is several times quicker than a stream for the many small ones. */
const WHOLE_BYTES = 1 << 20;

export interface HashedFile {
  /** Hex. */
  sha256: string;
  bytes: number;
}

/**
 * SHA-256 and size of a file, at the speed of the disk, in memory that does not grow with the file.
 * @throws the system's error when the file cannot be read.
 */
export async function hashFile(path: string): Promise<HashedFile> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size <= WHOLE_BYTES ? hashWhole(await file.readFile()) : await hashPieces(file);
  } finally {
    await file.close();
  }
}

function hashWhole(content: Buffer): HashedFile {
  return { sha256: hash('sha256', content, 'hex'), bytes: content.length };
}

async function hashPieces(file: FileHandle): Promise<HashedFile> {
  const sum = createHash('sha256');
  const piece = Buffer.allocUnsafe(WHOLE_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length);
    if (bytesRead === 0) return { sha256: sum.digest('hex'), bytes };
    sum.update(piece.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}
