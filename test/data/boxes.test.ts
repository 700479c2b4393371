import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkListing } from '../../data/checks.ts';
import { toCoco } from '../../data/coco.ts';
import { SourceUnreadableError } from '../../data/errors.ts';
import { freezeEvaluationSet, readEvaluationSet } from '../../data/evaluation-set.ts';
import { readListing } from '../../data/listing.ts';
import { countPerClass } from '../../data/set-checks.ts';
import { classesOf } from '../../loop/labels.ts';
import { boxedCoco, codes, imageFolder, loopFolder, put, QUOTAS } from './fixtures.ts';

const CLASSES = ['cat', 'dog'];
const detection = { task: 'detection' } as const;
const whole: [number, number, number, number] = [0, 0, 1, 1];

async function findingsOf(boxes: [string, ...number[]][]) {
  const file = await boxedCoco([{ seed: 1, boxes: [['cat', ...whole], ['dog', ...whole], ...boxes] }], CLASSES);
  return (await readListing(file, detection)).findings;
}

describe('listing a COCO file for detection', () => {
  it('gives every image its boxes, each with its class', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['dog', 0.1, 0.2, 0.3, 0.4],
            ['cat', ...whole],
            ['dog', 0.5, 0.5, 0.25, 0.25],
          ],
          group: 'a',
        },
        { seed: 2, boxes: [['cat', 0, 0, 0.5, 0.5]] },
      ],
      CLASSES,
    );
    const { classes, items, findings } = await readListing(file, detection);
    expect(classes).toEqual(CLASSES);
    expect(findings).toEqual([]);
    expect(items[0]).toMatchObject({
      name: '1.png',
      group: 'a',
      boxes: [
        { className: 'dog', box: [0.1, 0.2, 0.3, 0.4] },
        { className: 'cat', box: [0, 0, 1, 1] },
        { className: 'dog', box: [0.5, 0.5, 0.25, 0.25] },
      ],
    });
    expect(items[0]).not.toHaveProperty('className');
    expect(items.map(classesOf)).toEqual([['dog', 'cat'], ['cat']]);
  });

  it('refuses a folder, saying why, and names the COCO file that lies in it', async () => {
    const root = await imageFolder({ 'cat/a.png': 1 });
    await expect(readListing(root, detection)).rejects.toThrow(
      /is a folder; detection needs boxes.*Give a COCO \.json file instead$/,
    );
    await put(root, 'labels.json', '{}');
    await expect(readListing(root, detection)).rejects.toThrow(`e.g. ${join(root, 'labels.json')}`);
    await expect(readListing(root, detection)).rejects.toThrow(SourceUnreadableError);
  });

  it('says once that all boxes are in pixels, with their number and the way to mend it', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', 3, 4, 100, 50],
            ['dog', 0, 0, 20, 20],
          ],
        },
        { seed: 2, boxes: [['cat', 7, 7, 33, 33]] },
      ],
      CLASSES,
    );
    const { findings } = await readListing(file, detection);
    expect(findings).toMatchObject([
      {
        severity: 'error',
        code: 'box-units',
        message: 'all 3 boxes are in pixels, as standard COCO has them, e.g. [3,4,100,50]',
        fix: expect.stringContaining('Divide left and width by the image’s width'),
      },
    ]);
  });

  it('tells a file that mixes pixels and shares', async () => {
    expect(await findingsOf([['cat', 10, 10, 30, 30]])).toMatchObject([
      {
        code: 'box-units',
        where: 'annotations[2]',
        message: expect.stringContaining('1 of 3 boxes are in pixels and the others are not'),
      },
    ]);
  });

  it.each([
    ['that begin before the image', [-0.1, 0, 0.5, 0.5]],
    ['that begin at its end', [1, 0, 0.5, 0.5]],
    ['that stick out', [0.8, 0.8, 0.3, 0.4]],
    ['that stick out below', [0, 0.7, 0.3, 0.31]],
    ['without width', [0.1, 0.1, 0, 0.4]],
    ['of negative height', [0.1, 0.1, 0.2, -0.4]],
  ])('refuses boxes %s', async (_what, box) => {
    const findings = await findingsOf([['cat', ...box]]);
    expect(findings).toMatchObject([{ severity: 'error', code: 'box-outside', where: 'annotations[2]' }]);
    expect(findings[0]?.message).toContain(JSON.stringify(box));
  });

  it('cuts what rounding made stick out by less than a ten-thousandth', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', 0.7, 0, 0.3000001, 1.00005],
            ['dog', -0.00001, 0.12346, 0.5, 0.87655],
          ],
        },
      ],
      CLASSES,
    );
    const { items, findings } = await readListing(file, detection);
    expect(findings).toEqual([]);
    for (const { box } of items[0]?.boxes ?? []) {
      const [left, top, width, height] = box;
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
      expect(left + width).toBeLessThanOrEqual(1);
      expect(top + height).toBeLessThanOrEqual(1);
    }
  });

  it('says once that annotations have no box', async () => {
    const file = await boxedCoco([{ seed: 1, boxes: [['cat'], ['dog', 0, 0, 1]] }], CLASSES);
    expect((await readListing(file, detection)).findings).toMatchObject([
      { code: 'box-missing', message: expect.stringContaining('2 annotations without a `bbox`') },
    ]);
  });

  it('keeps images without a box, with one warning for all of them', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', ...whole],
            ['dog', ...whole],
          ],
        },
        { seed: 2, boxes: [] },
        { seed: 3, boxes: [] },
      ],
      CLASSES,
    );
    const { items, findings } = await readListing(file, detection);
    expect(items.map(({ boxes }) => boxes?.length)).toEqual([2, 0, 0]);
    expect(findings).toMatchObject([
      {
        severity: 'warning',
        code: 'image-without-boxes',
        where: '2.png',
        message: expect.stringContaining('2 images'),
      },
    ]);
  });

  it('leaves out the boxes of classes that the loop does not have', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', ...whole],
            ['dog', ...whole],
          ],
        },
      ],
      CLASSES,
    );
    const { items, findings } = await readListing(file, { ...detection, classes: ['cat'], extraClasses: 'leave-out' });
    expect(items[0]?.boxes?.map(({ className }) => className)).toEqual(['cat']);
    expect(findings).toMatchObject([
      { code: 'class-left-out', message: expect.stringContaining('its boxes are left out') },
    ]);
  });

  it('still reads the same file as classification where images have one class, boxes or not', async () => {
    const file = await boxedCoco(
      [
        { seed: 1, boxes: [['cat', 3, 4, 100, 50]] },
        { seed: 2, boxes: [['dog']] },
      ],
      CLASSES,
    );
    const { items, findings } = await readListing(file);
    expect(findings).toEqual([]);
    expect(items.map(({ className, boxes }) => [className, boxes])).toEqual([
      ['cat', undefined],
      ['dog', undefined],
    ]);
  });
});

describe('checking a dataset with boxes', () => {
  const options = { purpose: 'training', quotas: { ...QUOTAS, minClasses: 1 } } as const;

  it('counts an image once for every class that it shows, however many boxes it has', () => {
    const box = { className: 'cat', box: whole };
    const images = [{ boxes: [box, box, { className: 'dog', box: whole }] }, { boxes: [box] }, { boxes: [] }];
    expect(countPerClass(images, ['cat', 'dog', 'fox'])).toEqual({ cat: 2, dog: 1, fox: 0 });
  });

  it('asks for enough distinct images of every class, not for enough boxes', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', ...whole],
            ['dog', ...whole],
            ['dog', 0, 0, 0.5, 0.5],
          ],
        },
        { seed: 2, boxes: [['cat', ...whole]] },
      ],
      CLASSES,
    );
    const listing = await readListing(file, detection);
    const { findings } = await checkListing(listing, {
      ...options,
      quotas: { ...options.quotas, minImagesPerClass: 2 },
    });
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'class-too-small', where: 'dog' },
    ]);
  });

  it('refuses images with more boxes than the service takes, and warns of boxes too small to be found', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', 0, 0, 0.02, 0.5],
            ['cat', 0, 0, 0.5, 0.018],
            ['dog', 0, 0, 0.021, 0.019],
          ],
        },
      ],
      CLASSES,
    );
    const listing = await readListing(file, detection);
    const { findings } = await checkListing(listing, { ...options, quotas: { ...options.quotas, maxBoxes: 2 } });
    expect(findings).toContainEqual(expect.objectContaining({ severity: 'error', code: 'box-count', where: '1.png' }));
    expect(findings.find(({ code }) => code === 'box-small')?.message).toContain('2 of 3 training boxes');
  });

  it('tells equal images with equal boxes from equal images with other boxes', async () => {
    const file = await boxedCoco(
      [
        {
          seed: 1,
          boxes: [
            ['cat', ...whole],
            ['dog', ...whole],
          ],
        },
      ],
      CLASSES,
    );
    const coco = JSON.parse(await readFile(file, 'utf8'));
    await put(dirname(file), 'copy.png', await readFile(join(dirname(file), '1.png')));
    const again = (bbox: number[]) => ({
      ...coco,
      images: [...coco.images, { id: 2, file_name: 'copy.png' }],
      annotations: [
        ...coco.annotations,
        { id: 3, image_id: 2, category_id: 2, bbox: whole },
        { id: 4, image_id: 2, category_id: 1, bbox },
      ],
    });
    const check = async (bbox: number[]) => {
      await writeFile(file, JSON.stringify(again(bbox)));
      return codes((await checkListing(await readListing(file, detection), options)).findings);
    };
    expect(await check(whole)).toContain('duplicate-exact');
    expect(await check([0, 0, 0.5, 0.5])).toContain('duplicate-label-conflict');
  });
});

describe('an evaluation set with boxes', () => {
  it('is frozen with its boxes, which its hash and its COCO file hold', async () => {
    const quotas = { ...QUOTAS, minClasses: 1 };
    const freeze = async (box: number[]) => {
      const folder = await loopFolder();
      const path = await boxedCoco(
        [
          { seed: 1, boxes: [['cat', ...box]] },
          { seed: 2, boxes: [] },
        ],
        ['cat'],
      );
      const { hash, images, ref } = await freezeEvaluationSet(folder, { path, quotas, ...detection });
      return {
        hash,
        images,
        coco: JSON.parse((await folder.read(ref)).toString()),
        set: await readEvaluationSet(folder),
      };
    };
    const one = await freeze([0.25, 0.25, 0.5, 0.5]);
    expect(one.images).toBe(2);
    expect(one.set.map(({ boxes }) => boxes?.length ?? -1)).toEqual(expect.arrayContaining([0, 1]));
    expect(one.coco.annotations).toMatchObject([{ id: 1, category_id: 1, bbox: [0.25, 0.25, 0.5, 0.5] }]);
    expect((await freeze([0.25, 0.25, 0.5, 0.5])).hash).toBe(one.hash);
    expect((await freeze([0.25, 0.25, 0.5, 0.4])).hash).not.toBe(one.hash);
  });

  it('gives annotations the ids 1…n in the order of images and boxes', () => {
    const image = (sha256: string, classes: string[]) => ({
      sha256,
      pixelSha256: sha256,
      file: `${sha256}.png`,
      width: 8,
      height: 8,
      boxes: classes.map((className) => ({ className, box: whole })),
    });
    const coco = toCoco({
      images: [image('a', ['dog', 'cat']), image('b', []), image('c', ['cat'])],
      classes: CLASSES,
      imagesDir: '/x',
    });
    expect(coco.annotations).toEqual([
      { id: 1, image_id: 1, category_id: 2, bbox: whole },
      { id: 2, image_id: 1, category_id: 1, bbox: whole },
      { id: 3, image_id: 3, category_id: 1, bbox: whole },
    ]);
  });
});
