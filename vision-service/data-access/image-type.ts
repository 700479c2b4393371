/** Types of image files that are read. MPO counts as JPEG; its first picture is used. */
export type ImageType = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'bmp';

type Signature = readonly [offset: number, text: string];

const READ: readonly [ImageType, ...Signature[]][] = [
  ['jpeg', [0, '\xff\xd8\xff']],
  ['png', [0, '\x89PNG\r\n\x1a\n']],
  ['gif', [0, 'GIF87a']],
  ['gif', [0, 'GIF89a']],
  ['webp', [0, 'RIFF'], [8, 'WEBP']],
  ['tiff', [0, 'II*\0']],
  ['tiff', [0, 'MM\0*']],
  ['tiff', [0, 'II+\0']],
  ['tiff', [0, 'MM\0+']],
  ['bmp', [0, 'BM']],
];

/** What else people take for an image, by its beginning. */
const REFUSED: readonly [string, Signature][] = [
  ['an icon file (ICO)', [0, '\0\0\x01\0']],
  ['a HEIC or AVIF image', [4, 'ftyp']],
  ['a JPEG XL image', [0, '\xff\x0a']],
  ['a JPEG XL image', [4, 'JXL ']],
  ['a JPEG 2000 image', [4, 'jP  ']],
  ['a PDF document', [0, '%PDF']],
  ['a Photoshop file', [0, '8BPS']],
  ['a compressed file', [0, '\x1f\x8b']],
  ['a ZIP file', [0, 'PK\x03\x04']],
];

/** The type of an image file by its first bytes, whatever its name says; undefined when it is none that is read. */
export function imageType(bytes: Uint8Array): ImageType | undefined {
  return READ.find(([, ...signatures]) => signatures.every((signature) => hasSignature(bytes, signature)))?.[0];
}

/** What bytes are that are not read, for a message: `an SVG drawing`. */
export function strangerName(bytes: Uint8Array): string {
  const known = REFUSED.find(([, signature]) => hasSignature(bytes, signature))?.[0];
  if (known !== undefined) return known;
  const text = latin1(bytes.subarray(0, 1024));
  return /<svg[\s>]/.test(text) ? 'an SVG drawing' : 'not an image';
}

function hasSignature(bytes: Uint8Array, [offset, text]: Signature): boolean {
  return latin1(bytes.subarray(offset, offset + text.length)) === text;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
