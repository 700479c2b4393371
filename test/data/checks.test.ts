import { describe, expect, it } from 'vitest';
import { type CheckOptions, checkListing, checkTrainingSet } from '../../data/checks.ts';
import { sha256Of } from '../../data/hash.ts';
import { readListing } from '../../data/listing.ts';
import type { StoredImage } from '../../loop/round.ts';
import { codes, imageFolder, picture, put, QUOTAS, reencoded } from './fixtures.ts';

function stored(seed: number, className: string, more: Partial<StoredImage> = {}): StoredImage {
  const sha256 = sha256Of(`bytes ${seed}`);
  const pixelSha256 = sha256Of(`pixels ${seed}`);
  return { sha256, pixelSha256, file: `${sha256}.png`, className, width: 900, height: 700, ...more };
}

async function check(root: string, more: Partial<CheckOptions> = {}) {
  return checkListing(await readListing(root), { purpose: 'training', quotas: QUOTAS, ...more });
}

describe('checking a dataset', () => {
  it('finds nothing but the small size in a clean set', async () => {
    const { images, findings } = await check(await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 }));
    expect(images.map((image) => image.name)).toEqual(['cat/a.png', 'dog/b.png']);
    expect(findings).toMatchObject([{ severity: 'warning', code: 'image-low-resolution' }]);
    expect(findings[0]?.message).toContain(
      '2 of 2 training images are below 800×600 pixels; the smallest, cat/a.png, has 8×8',
    );
  });

  it('finds every problem in one pass, and keeps the images that can be read', async () => {
    const root = await imageFolder({
      'cat/a.png': 1,
      'cat/copy.png': 1,
      'dog/b.png': 2,
      'dog/mislabelled.png': 1,
      'loose.png': 9,
    });
    await put(root, 'cat/pixels.png', await reencoded(await picture(1)));
    await put(root, 'cat/text.png', 'no image');
    await put(root, 'cat/cut.png', (await picture(3)).subarray(0, 60));
    await put(root, 'cat/tiny.png', await picture(4, { width: 3 }));
    await put(root, 'cat/long.png', await picture(5, { width: 60 }));
    await put(root, 'dog/big.png', await reencoded(await picture(6, { width: 60, height: 60 })));
    const { images, findings } = await check(root, { quotas: { ...QUOTAS, maxImageBytes: 2000 } });
    expect(images).toHaveLength(6);
    expect(findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`).sort()).toEqual([
      'error duplicate-label-conflict dog/mislabelled.png',
      'error image-corrupt cat/cut.png',
      'error image-outside-class loose.png',
      'error image-side cat/tiny.png',
      'error image-too-large dog/big.png',
      'error image-type cat/text.png',
      'warning duplicate-exact cat/copy.png',
      'warning duplicate-pixels cat/pixels.png',
      'warning image-aspect cat/long.png',
      'warning image-low-resolution cat/a.png',
    ]);
    expect(findings.every((finding) => finding.message.length > 10 && finding.fix.length > 10)).toBe(true);
  });

  it('reports how far it is, and stops when told to', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 });
    const notes: string[] = [];
    await check(root, { heartbeat: (note) => notes.push(note) });
    expect(notes).toEqual(['checked 1 of 2 images', 'checked 2 of 2 images']);
    await expect(check(root, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });

  it('counts an image that stands there twice once', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'cat/copy.png': 1, 'dog/b.png': 2, 'dog/c.png': 3 });
    const { findings } = await check(root, { quotas: { ...QUOTAS, minImagesPerClass: 2 } });
    expect(findings.find((finding) => finding.severity === 'error')).toMatchObject({
      code: 'class-too-small',
      where: 'cat',
    });
  });

  it('lets no image, pixels or group of the other side of the split pass', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'cat/b.png': 2, 'dog/c.png': 3, 'dog/d.png': 4 });
    await put(root, 'groups.csv', 'file,group\ndog/c.png,video 1\ndog/d.png,video 1\n');
    const bytes = await picture(1);
    const other = [
      { name: 'eval/x.png', sha256: sha256Of(bytes), pixelSha256: 'p', group: 'video 1' },
      { name: 'eval/y.png', sha256: 's', pixelSha256: (await check(root)).images[1]?.pixelSha256 ?? '' },
    ];
    const { findings } = await check(root, { other });
    const errors = findings.filter((finding) => finding.severity === 'error');
    expect(errors.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'leak-exact cat/a.png',
      'leak-pixels cat/b.png',
      'group-leak dog/c.png',
    ]);
    expect(errors[0]?.message).toContain('eval/x.png');
  });
});

describe('checking a training set', () => {
  const classes = ['cat', 'dog'];

  it('finds nothing in a good set', () => {
    const images = [stored(1, 'cat'), stored(2, 'cat'), stored(3, 'dog')];
    expect(checkTrainingSet({ images, classes, quotas: QUOTAS, evaluation: [] })).toEqual({ images, findings: [] });
  });

  it('checks numbers and names against the quotas', () => {
    const quotas = { ...QUOTAS, minImagesPerClass: 2, maxImages: 3, maxClasses: 4 };
    const images = [stored(1, 'cat'), stored(2, 'cat'), stored(3, 'cat'), stored(4, 'dog')];
    const { findings } = checkTrainingSet({ images, quotas, classes: ['cat', 'Cats', 'dog', 'fox', 'dog'] });
    expect(findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`).sort()).toEqual([
      'error class-count classes',
      'error class-duplicate dog',
      'error class-too-small Cats',
      'error class-too-small dog',
      'error class-too-small fox',
      'error image-count images',
      'warning class-imbalance dog',
      'warning class-names-alike cat',
    ]);
  });

  it('warns beyond the balance of 1 : 2 only', () => {
    const cats = [1, 2, 3, 4].map((seed) => stored(seed, 'cat'));
    const balanced = [...cats, stored(5, 'dog'), stored(6, 'dog')];
    expect(checkTrainingSet({ images: balanced, classes, quotas: QUOTAS }).findings).toEqual([]);
    const { findings } = checkTrainingSet({ images: [...balanced, stored(7, 'cat')], classes, quotas: QUOTAS });
    expect(codes(findings)).toEqual(['class-imbalance']);
  });

  it('refuses an evaluation image under the name its source gave it', () => {
    const evaluation = [{ ...stored(1, 'cat'), source: 'cat/holiday.png' }];
    const images = [stored(1, 'cat'), stored(2, 'dog')];
    const { findings } = checkTrainingSet({ images, classes, quotas: QUOTAS, evaluation });
    expect(findings).toMatchObject([{ severity: 'error', code: 'leak-exact', where: `images/${images[0]?.file}` }]);
    expect(findings[0]?.message).toContain('cat/holiday.png of the evaluation set');
  });
});
