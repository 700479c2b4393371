/** Formats that are decoded and handed to a vision service; of an animation the first frame counts. */
export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff';

interface Signature {
  /** Latin-1 text of the first bytes; `?` stands for any byte. */
  head: string;
  what: string;
  format?: ImageFormat;
}

/** First bytes of the formats, as their specifications give them. */
const SIGNATURES: Signature[] = [
  { head: '\xff\xd8\xff', what: 'JPEG', format: 'jpeg' },
  { head: '\x89PNG\r\n\x1a\n', what: 'PNG', format: 'png' },
  { head: 'GIF87a', what: 'GIF', format: 'gif' },
  { head: 'GIF89a', what: 'GIF', format: 'gif' },
  { head: 'RIFF????WEBP', what: 'WebP', format: 'webp' },
  { head: 'II*\0', what: 'TIFF', format: 'tiff' },
  { head: 'MM\0*', what: 'TIFF', format: 'tiff' },
  { head: 'BM', what: 'a BMP image' },
  { head: '\0\0\x01\0', what: 'an ICO image' },
  { head: '????ftyphei', what: 'a HEIC photo' },
  { head: '????ftypmif', what: 'a HEIF image' },
  { head: '????ftypavif', what: 'an AVIF image' },
  { head: '<svg', what: 'an SVG drawing' },
  { head: '<?xml', what: 'an XML text, such as an SVG drawing' },
  { head: '%PDF', what: 'a PDF document' },
];

/** Bytes that `formatOf` looks at, at most. */
export const HEAD_BYTES = 16;

/** The format that a file's first bytes tell; the name of the file does not count. */
export function formatOf(
  head: Uint8Array,
): { accepted: true; format: ImageFormat } | { accepted: false; what: string } {
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1');
  const found = SIGNATURES.find((signature) => startsLike(text, signature.head));
  if (found?.format) return { accepted: true, format: found.format };
  return { accepted: false, what: found?.what ?? 'not an image that is known here' };
}

/** Extension, without a dot, under which a format is stored. */
export function extensionOf(format: ImageFormat): string {
  return format === 'jpeg' ? 'jpg' : format;
}

const IMAGE_NAME = /\.(jpe?g|jfif|png|gif|webp|tiff?|bmp|ico|hei[cf]|avif)$/i;

/** Whether a file is meant to be an image, by its name: such a file is probed, and its problems are findings. */
export function looksLikeImage(name: string): boolean {
  return IMAGE_NAME.test(name);
}

function startsLike(text: string, head: string): boolean {
  return text.length >= head.length && head.split('').every((char, at) => char === '?' || char === text[at]);
}
