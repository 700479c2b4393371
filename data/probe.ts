import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import sharp from 'sharp';
import type { Finding } from '../loop/finding.ts';
import { systemCode } from './errors.ts';
import { sha256Of } from './hash.ts';
import { extensionOf, formatOf, type ImageFormat } from './image-format.ts';
import type { ImageLimits } from './quotas.ts';

sharp.concurrency(1);
sharp.cache(false);

/** The largest image that any vision service takes is 16,000 × 16,000; decoding stops there. */
const MAX_PIXELS = 16_000 * 16_000;
/** Ten times what any vision service takes: no more is read of a file whose service is not known yet. */
const MAX_BYTES = 200_000_000;
/** Above this many pixels an image (four bytes each when decoded) is decoded alone. */
const LARGE_PIXELS = 24_000_000;
const largeImages = pLimit(1);

/** What an image file holds. */
export interface Probe {
  /** SHA-256 of the bytes, hex. */
  sha256: string;
  /** SHA-256 over width, height and the decoded RGBA pixels (sRGB, EXIF orientation applied), hex. */
  pixelSha256: string;
  /** Pixels, after EXIF orientation. */
  width: number;
  height: number;
  format: ImageFormat;
  /** Extension of the real format, without a dot. */
  ext: string;
  bytes: number;
}

/**
 * `image-unreadable`: the file is missing or may not be read, which can change; `image-corrupt`: its bytes are no whole
 * image. The others break a rule of the vision service.
 */
export type ImageProblemCode = 'image-unreadable' | 'image-corrupt' | 'image-type' | 'image-too-large' | 'image-side';

/** Why an image cannot be used; becomes a finding once it is known where the image stands. */
export class ImageProblem extends Error {
  override readonly name = 'ImageProblem';
  readonly code: ImageProblemCode;
  readonly fix: string;
  constructor(code: ImageProblemCode, message: string, fix: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }

  toFinding(where: string, severity: Finding['severity'] = 'error'): Finding {
    return { severity, code: this.code, where, message: this.message, fix: this.fix };
  }
}

/**
 * Reads an image file once and decodes it whole: a truncated image does not pass.
 * @throws ImageProblem when it is missing, unreadable, corrupt or truncated, of a type that is not accepted, or outside `limits`.
 */
export async function probeImage(path: string, limits: Partial<ImageLimits> = {}): Promise<Probe> {
  const bytes = await readBytes(path, limits.maxImageBytes);
  const format = acceptedFormat(bytes);
  const size = await readSize(bytes);
  checkSides(size, limits);
  const decode = () => decodePixels(bytes);
  const pixels = await (size.width * size.height > LARGE_PIXELS ? largeImages(decode) : decode());
  return { sha256: sha256Of(bytes), ...pixels, format, ext: extensionOf(format), bytes: bytes.length };
}

/**
 * Looks at a file before it is opened: a pipe or device is never read, nor is a file above the limit.
 * @throws ImageProblem `image-unreadable` or `image-too-large`.
 */
export async function checkFile(path: string, maxImageBytes?: number): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw readProblem(error);
  });
  if (!found.isFile()) throw unreadable('it is no file but something else');
  const most = maxImageBytes ?? MAX_BYTES;
  if (found.size <= most) return;
  const who = maxImageBytes === undefined ? 'no vision service takes more than' : 'the vision service takes at most';
  const message = `the file has ${megabytes(found.size)} MB; ${who} ${megabytes(most)} MB`;
  throw new ImageProblem('image-too-large', message, 'Save it smaller (fewer pixels, or as JPEG), or leave it out.');
}

/** The format of an image by its first bytes. @throws ImageProblem when it is none that is accepted. */
export function acceptedFormat(head: Uint8Array): ImageFormat {
  if (head.length === 0) throw corrupt('the file is empty');
  const found = formatOf(head);
  if (found.accepted) return found.format;
  const message = `the file is ${found.what}; accepted are JPEG, PNG, GIF, WebP and TIFF`;
  throw new ImageProblem('image-type', message, 'Save it as JPEG or PNG, or take it out of the folder.');
}

/** An error of reading a file, as a problem of that image. */
export function readProblem(error: unknown): ImageProblem {
  const code = systemCode(error);
  if (code === 'ENOENT') return unreadable('the file does not exist');
  if (code === 'EACCES' || code === 'EPERM') return unreadable('the file may not be read by this user');
  return unreadable(`the file cannot be read (${code ?? message(error)})`);
}

async function readBytes(path: string, maxImageBytes: number | undefined): Promise<Buffer> {
  await checkFile(path, maxImageBytes);
  return readFile(path).catch((error: unknown) => {
    throw readProblem(error);
  });
}

async function readSize(bytes: Buffer): Promise<{ width: number; height: number }> {
  try {
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return autoOrient;
  } catch (error) {
    throw corrupt(`the image cannot be decoded: ${message(error)}`);
  }
}

function checkSides(size: { width: number; height: number }, limits: Partial<ImageLimits>): void {
  const { minSide = 1, maxSide = Number.POSITIVE_INFINITY } = limits;
  const shape = `${size.width}×${size.height} pixels`;
  if (Math.min(size.width, size.height) < minSide) {
    const fix = 'Use a larger picture of it, or leave it out.';
    throw new ImageProblem('image-side', `${shape}; each side needs at least ${minSide}`, fix);
  }
  if (Math.max(size.width, size.height) > maxSide || size.width * size.height > MAX_PIXELS) {
    const most = Math.min(maxSide, Math.sqrt(MAX_PIXELS));
    throw new ImageProblem(
      'image-side',
      `${shape}; a side may have at most ${most}`,
      'Scale it down, or leave it out.',
    );
  }
}

async function decodePixels(bytes: Buffer): Promise<Pick<Probe, 'pixelSha256' | 'width' | 'height'>> {
  try {
    const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS, autoOrient: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const hash = createHash('sha256').update(`${width}x${height}\n`).update(data);
    return { pixelSha256: hash.digest('hex'), width, height };
  } catch (error) {
    throw corrupt(`the image cannot be decoded: ${message(error)}`);
  }
}

function unreadable(problem: string): ImageProblem {
  return new ImageProblem('image-unreadable', problem, 'Make the file readable, or take it out.');
}

function corrupt(problem: string): ImageProblem {
  return new ImageProblem('image-corrupt', problem, 'Put a whole copy of the image there, or take it out.');
}

function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 });
}
