import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import { parseCoco } from '../../vision-service/data-access/coco.ts';
import { quotaProblems } from '../../vision-service/data-access/dataset-quotas.ts';

const URI = 'file:///x/c.json';
const SIDE = { min: 10, max: 10_240 };
const TAGS = { uri: URI, kind: 'imageClassification', side: SIDE } as const;
const BOXES = { uri: URI, kind: 'imageObjectDetection', side: SIDE } as const;

const image = (id: number, more: object = {}) => {
  return { id, width: 200, height: 100, file_name: `${id}.png`, coco_url: `file:///x/${id}.png`, ...more };
};
const annotation = (id: number, more: object = {}) => {
  return { id, image_id: id, category_id: id, bbox: [0.1, 0.2, 0.3, 0.4], ...more };
};
const whole = {
  images: [image(1), image(2)],
  annotations: [annotation(1), annotation(2)],
  categories: [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ],
};
type Change = Record<string, unknown>;

const read = (change: Change, rules: typeof TAGS | typeof BOXES = BOXES) =>
  parseCoco(JSON.stringify({ ...whole, ...change }), rules);
const firstImage = (more: object) => ({ images: [image(1, more), image(2)] });
const firstAnnotation = (more: object) => ({ annotations: [annotation(1, more), annotation(2)] });
const firstCategory = (more: object) => ({
  categories: [
    { id: 1, name: 'a', ...more },
    { id: 2, name: 'b' },
  ],
});
const bbox = (...box: unknown[]) => firstAnnotation({ bbox: box });

describe('a COCO file', () => {
  it('of tags gives its classes, images and their tags', () => {
    const { classes, images, problems } = read({ info: {} }, TAGS);
    expect(problems).toEqual([]);
    expect(classes).toEqual(['a', 'b']);
    expect(images.map(({ uri, marks }) => [uri, marks])).toEqual([
      ['file:///x/1.png', [{ className: 'a' }]],
      ['file:///x/2.png', [{ className: 'b' }]],
    ]);
  });

  it('of boxes gives them as shares of the sides', () => {
    const { images } = read({ annotations: [annotation(1), annotation(2, { image_id: 1 })] });
    const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
    expect(images.map(({ marks }) => marks)).toEqual([
      [
        { className: 'a', box },
        { className: 'b', box },
      ],
      [],
    ]);
  });

  it('may begin with a byte order mark', () => {
    expect(parseCoco(`\uFEFF${JSON.stringify(whole)}`, BOXES).problems).toEqual([]);
  });

  it('takes absolute_url before coco_url, and an address relative to its own', () => {
    expect(read(firstImage({ absolute_url: 'https://h/y.png' })).images[0]?.uri).toBe('https://h/y.png');
    expect(read(firstImage({ coco_url: 'y/z.png' })).images[0]?.uri).toBe('file:///x/y/z.png');
  });

  it('counts two categories of one name as one', () => {
    const { classes, images, problems } = read(firstCategory({ name: 'b' }));
    expect([classes, problems]).toEqual([['b'], []]);
    expect(images.flatMap(({ marks }) => marks.map(({ className }) => className))).toEqual(['b', 'b']);
  });

  it('allows a box up to the edge, in spite of rounding', () => {
    expect(read(bbox(0.1 + 0.2, 0.7, 0.7, 0.1 + 0.2)).problems).toEqual([]);
    expect(read(bbox(0, 0, 1, 1)).problems).toEqual([]);
  });
});

describe('a defect of a COCO file', () => {
  it.each<[string, Change]>([
    ['the list "images" of c.json is missing', { images: null }],
    ['the list "annotations" of c.json is missing', { annotations: undefined }],
    ['the list "categories" of c.json is missing', { categories: {} }],
    ['entry 2 of images of c.json is no object', { images: [image(1), 7] }],
    ['entry 1 of images of c.json has no id', firstImage({ id: null })],
    ['entry 1 of images of c.json has the id "1", which is no whole number', firstImage({ id: '1' })],
    ['entry 1 of images of c.json has the id 1.5, which is no whole number', firstImage({ id: 1.5 })],
    ['entry 1 of images of c.json has the id 3; ids go from 1', firstImage({ id: 3 })],
    ['entry 1 of images of c.json has the id 0; ids go from 1', firstImage({ id: 0 })],
    ['entry 2 of images of c.json has the id 1, which another one has too', { images: [image(1), image(1)] }],
    ['image 1 of c.json has no file_name', firstImage({ file_name: null })],
    ['image 1 (1.png) of c.json has no width in pixels', firstImage({ width: null })],
    ['image 1 (1.png) of c.json has no height in pixels', firstImage({ height: '100' })],
    ['image 1 (1.png) of c.json has the width 9; it must be between 10 and 10240', firstImage({ width: 9 })],
    ['image 1 (1.png) of c.json has the height 10241; it must be between 10', firstImage({ height: 10_241 })],
    ['image 1 (1.png) of c.json has neither absolute_url nor coco_url', firstImage({ coco_url: '' })],
    ['image 1 (1.png) of c.json has an address that is no URL', firstImage({ absolute_url: 'http://[' })],
    ['entry 1 of categories of c.json has no id', firstCategory({ id: undefined })],
    ['entry 1 of categories of c.json has the id 5; ids go from 1', firstCategory({ id: 5 })],
    [
      'entry 2 of categories of c.json has the id 2, which another',
      {
        categories: [
          { id: 2, name: 'a' },
          { id: 2, name: 'b' },
        ],
      },
    ],
    ['category 1 of c.json has no name', firstCategory({ name: '' })],
    ['entry 2 of annotations of c.json has the id 1, which another', { annotations: [annotation(1), annotation(1)] }],
    ['entry 1 of annotations of c.json has the id 1e+30, which is no whole', firstAnnotation({ id: 1e30 })],
    ['annotation 1 of c.json has no image_id', firstAnnotation({ image_id: null })],
    ['annotation 1 of c.json has no category_id', firstAnnotation({ category_id: undefined })],
    ['annotation 1 of c.json has the image_id 9, which is not there', firstAnnotation({ image_id: 9 })],
    ['annotation 1 of c.json has the category_id 9, which is not there', firstAnnotation({ category_id: 9 })],
    ['annotation 1 of c.json has the category_id "1", which is not there', firstAnnotation({ category_id: '1' })],
    ['annotation 1 of c.json has no bbox', firstAnnotation({ bbox: undefined })],
    ['annotation 1 of c.json has a bbox that is not a list of four numbers', bbox(0, 0, 1)],
    ['annotation 1 of c.json has a bbox with something that is no number: [0, 0, "1", null]', bbox(0, 0, '1', null)],
    ['left must be at least 0 and below 1', bbox(1, 0, 0.1, 0.1)],
    ['left must be at least 0 and below 1', bbox(-0.1, 0, 0.1, 0.1)],
    ['top must be at least 0 and below 1', bbox(0, 1.2, 0.1, 0.1)],
    ['width must be above 0 and at most 1', bbox(0, 0, 0, 0.1)],
    ['height must be above 0 and at most 1', bbox(0, 0, 0.1, 1.1)],
    ['left + width is above 1', bbox(0.8, 0.8, 0.3, 0.1)],
    ['left + width is above 1', bbox(0.7, 0, 0.300_000_1, 0.1)],
    ['top + height is above 1', bbox(0, 0.8, 0.3, 0.4)],
    [
      "annotation 1 of c.json has the bbox [20, 10, 100, 50], which looks like pixels; boxes are shares of the image's sides, 0 to 1: divided by 200 and 100 it would be [0.1, 0.1, 0.5, 0.5]",
      bbox(20, 10, 100, 50),
    ],
  ])('is named: %s', (expected, change) => {
    expect(read(change).problems.join('\n')).toContain(expected);
  });

  it('is a second category of an image, for a classifier', () => {
    const two = { annotations: [annotation(1), annotation(2, { image_id: 1 })] };
    expect(read(two, TAGS).problems).toEqual([
      'annotation 2 of c.json gives image 1 (1.png) of c.json a second category; a classifier takes one per image',
    ]);
    expect(read(two).problems).toEqual([]);
  });

  it('is no box of a classifier, which has no use for boxes', () => {
    expect(read(bbox('nonsense'), TAGS).problems).toEqual([]);
  });

  it('does not hide the others', () => {
    const { problems } = read({
      images: [image(1, { width: null }), image(2, { height: 5 })],
      annotations: [annotation(1, { image_id: 8 }), annotation(2, { bbox: [] })],
      categories: [{ id: 1 }, { id: 1, name: 'b' }],
    });
    expect(problems).toHaveLength(7);
  });

  it.each([
    ['{"images":[', 'c.json is not JSON'],
    ['', 'c.json is not JSON'],
    ['[]', 'c.json is no JSON object'],
    ['null', 'c.json is no JSON object'],
  ])('can be the whole file: %j', (text, expected) => {
    expect(parseCoco(text, { ...BOXES, uri: 'http://h/c.json?sig=secret' }).problems[0]).toContain(expected);
  });
});

describe('a hostile COCO file', () => {
  it('of any JSON gives problems or content, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.jsonValue(), fc.jsonValue(), (images, annotations, categories) => {
        for (const rules of [TAGS, BOXES]) {
          const { problems } = parseCoco(JSON.stringify({ images, annotations, categories }), rules);
          expect(problems.every((problem) => problem.includes('c.json'))).toBe(true);
        }
      }),
    );
  });

  it('may nest without end', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const { problems } = parseCoco(`{"images":${deep},"annotations":[],"categories":[]}`, BOXES);
    expect(problems[0]).toContain('is no object');
  });

  it('may use the names of what every object has', () => {
    const text = JSON.stringify({
      ...whole,
      categories: [
        { id: 1, name: '__proto__' },
        { id: 2, name: 'constructor' },
      ],
    });
    expect(parseCoco(text.replace('"info"', '"__proto__"'), BOXES).classes).toEqual(['__proto__', 'constructor']);
    expect(parseCoco('{"__proto__":{"images":[],"annotations":[],"categories":[]}}', BOXES).problems).toHaveLength(3);
  });

  it('names a thousand defects and counts the rest', () => {
    const { problems } = read({ images: Array.from({ length: 5000 }, () => 0) });
    expect(problems).toHaveLength(1001);
    expect(problems.at(-1)).toContain('more defects');
  });

  it('of numbers beyond all bounds is refused by them', () => {
    const text = JSON.stringify({ ...whole, ...firstImage({ width: 1 }) }).replace('"width":1,', '"width":1e999,');
    expect(parseCoco(text, BOXES).problems).toEqual(['image 1 (1.png) of c.json has no width in pixels']);
  });
});

describe('the quotas of a dataset', () => {
  const quotas = CONTRACT_QUOTAS['Generic-Detector'];
  const content = (change: Change) => read(change);

  it('ask for different images of each class in a training', () => {
    const twice = { annotations: [1, 2, 3, 4].map((id) => annotation(id, { image_id: 1 + (id % 2), category_id: 1 })) };
    expect(quotaProblems(content(twice), { quotas, purpose: 'training' })).toEqual([
      'category "b" has 0 annotated images; a training needs at least 2 different ones',
    ]);
    const same = { ...twice, images: [image(1), image(2, { coco_url: 'file:///x/1.png' })] };
    expect(quotaProblems(content(same), { quotas, purpose: 'training' })[0]).toContain('"a" has 1 annotated images');
  });

  it('let an evaluation lack a class', () => {
    expect(quotaProblems(content({ annotations: [annotation(1)] }), { quotas, purpose: 'evaluation' })).toEqual([]);
  });

  it('bound images, classes and boxes by the kind', () => {
    const tight = { ...quotas, maxEvaluationImages: 1, maxClasses: 1, maxRegionsPerImage: 0 };
    expect(quotaProblems(content({}), { quotas: tight, purpose: 'evaluation' })).toEqual([
      'has 2 images, more than 1',
      'has 2 categories; there must be between 1 and 1',
      'image 1 (1.png) of c.json has 1 boxes, more than 0',
      'image 2 (2.png) of c.json has 1 boxes, more than 0',
    ]);
  });
});
