import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of bytes, or of a text as UTF-8, in hex. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * SHA-256 of a file in hex, read as a stream.
 * @throws the system's error when the file cannot be read.
 */
export async function sha256OfFile(path: string): Promise<string> {
  return (await fingerprint(path, 0)).sha256;
}

/**
 * SHA-256 of a file in hex and its first `headBytes` bytes, in one pass as a stream.
 * @throws the system's error when the file cannot be read.
 */
export async function fingerprint(path: string, headBytes: number): Promise<{ sha256: string; head: Buffer }> {
  const hash = createHash('sha256');
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    if (head.length < headBytes) head = Buffer.concat([head, chunk]).subarray(0, headBytes);
  }
  return { sha256: hash.digest('hex'), head };
}
