import { chmod } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../data/hash.ts';
import { type ImageProblem, probeImage } from '../../data/probe.ts';
import { picture, put, reencoded, temporaryFolder } from './fixtures.ts';

const FORMATS = ['png', 'jpeg', 'gif', 'webp', 'tiff'] as const;

async function file(content: string | Uint8Array, name = 'a.png'): Promise<string> {
  return put(await temporaryFolder(), name, content);
}

async function problemOf(content: string | Uint8Array, limits = {}): Promise<string> {
  const path = await file(content);
  return probeImage(path, limits).then(
    () => 'fine',
    (problem: ImageProblem) => problem.code,
  );
}

/** A picture that does not compress to nothing, so that half of it is really missing when cut. */
async function noisy(format: (typeof FORMATS)[number]): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 2_654_435_761) >>> 24));
  return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** A PNG that promises many pixels and brings none. */
function pngHeader(width: number, height: number): Buffer {
  const data = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', data),
    chunk('IDAT', deflateSync(Buffer.alloc(10))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

describe('probing an image', () => {
  it.each(FORMATS)('tells the real format of a %s, whatever its name', async (format) => {
    const bytes = await picture(7, { format, width: 12, height: 9 });
    const probe = await probeImage(await file(bytes, 'a.xyz'));
    const ext = format === 'jpeg' ? 'jpg' : format;
    expect(probe).toMatchObject({ format, ext, width: 12, height: 9, sha256: sha256Of(bytes), bytes: bytes.length });
  });

  it.each(FORMATS)('finds a %s that was cut off', async (format) => {
    const bytes = await noisy(format);
    expect(await problemOf(bytes)).toBe('fine');
    expect(await problemOf(bytes.subarray(0, bytes.length / 2))).toBe('image-corrupt');
  });

  it('gives the same pixels the same hash under other bytes, and other pixels another', async () => {
    const one = await picture(1);
    const [a, b, c] = await Promise.all(
      [one, await reencoded(one), await picture(2)].map(async (each) => probeImage(await file(each))),
    );
    expect(a?.sha256).not.toBe(b?.sha256);
    expect(a?.pixelSha256).toBe(b?.pixelSha256);
    expect(a?.pixelSha256).not.toBe(c?.pixelSha256);
  });

  it('tells a wide picture from a tall one of the same pixels', async () => {
    const wide = await probeImage(await file(await picture(1, { width: 16, height: 4 })));
    const tall = await probeImage(await file(await picture(1, { width: 4, height: 16 })));
    expect(wide.pixelSha256).not.toBe(tall.pixelSha256);
  });

  it('turns a picture as its EXIF orientation says before it looks at pixels and sides', async () => {
    const upright = await picture(1, { width: 8, height: 20 });
    const lying = await sharp(upright).rotate(270).png().withMetadata({ orientation: 6 }).toBuffer();
    const [a, b] = [await probeImage(await file(upright)), await probeImage(await file(lying))];
    expect(b).toMatchObject({ width: 8, height: 20, pixelSha256: a.pixelSha256 });
  });

  it('names what is wrong with a file that is no usable image', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    expect(await problemOf('')).toBe('image-corrupt');
    expect(await problemOf('some text')).toBe('image-type');
    expect(await problemOf(svg)).toBe('image-type');
    expect(await problemOf('BM------------------')).toBe('image-type');
    expect(await problemOf('\x89PNG\r\n\x1a\n')).toBe('image-type');
    expect(await problemOf(Buffer.from('\x89PNG\r\n\x1a\nrubbish', 'latin1'))).toBe('image-corrupt');
    expect(await problemOf(await picture(1), { maxImageBytes: 20 })).toBe('image-too-large');
    expect(await problemOf(await picture(1, { width: 9 }), { minSide: 9 })).toBe('image-side');
    expect(await problemOf(await picture(1, { width: 9 }), { maxSide: 8 })).toBe('image-side');
  });

  it('refuses a picture that would not fit into memory without decoding it', async () => {
    expect(await problemOf(pngHeader(17_000, 17_000))).toBe('image-side');
  });

  it('says whether a file is missing or may not be read', async () => {
    const path = await file(await picture(1));
    await expect(probeImage(`${path}.gone`)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: 'the file does not exist',
    });
    await chmod(path, 0o000);
    // root reads everything
    if (process.getuid?.() !== 0) await expect(probeImage(path)).rejects.toMatchObject({ code: 'image-unreadable' });
    await expect(probeImage(await temporaryFolder())).rejects.toMatchObject({ code: 'image-unreadable' });
  });
});
