import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SourceUnreadableError } from '../../data/errors.ts';
import { readListing } from '../../data/listing.ts';
import { codes, imageFolder, put, temporaryFolder } from './fixtures.ts';

describe('listing a folder with one sub-folder per class', () => {
  it('takes the class from the folder, in a fixed order, also from folders deeper down', async () => {
    const root = await imageFolder({ 'dog/b.png': 1, 'dog/a.png': 2, 'cat/deep/c.jpg': 3, 'cat/.hidden.png': 4 });
    const { classes, items, findings } = await readListing(root);
    expect(classes).toEqual(['cat', 'dog']);
    expect(items.map(({ name, className }) => [name, className])).toEqual([
      ['cat/deep/c.jpg', 'cat'],
      ['dog/a.png', 'dog'],
      ['dog/b.png', 'dog'],
    ]);
    expect(findings).toEqual([]);
  });

  it('finds everything that is wrong in one pass', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'loose.png': 2 });
    await put(root, 'cat/notes.txt', 'text');
    await put(root, 'README.md', 'text');
    await mkdir(join(root, 'dog'));
    const outside = await put(await temporaryFolder(), 'x.png', '');
    await symlink(outside, join(root, 'cat', 'link.png'));
    await symlink(join(root, 'nowhere'), join(root, 'cat', 'broken.png'));
    const { items, findings } = await readListing(root);
    expect(items).toHaveLength(1);
    expect(findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`).sort()).toEqual([
      'error class-empty dog',
      'error image-outside-class loose.png',
      'error link-outside cat/broken.png',
      'error link-outside cat/link.png',
      'warning not-an-image README.md',
      'warning not-an-image cat/notes.txt',
    ]);
  });

  it('follows links inside the folder but not in circles', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 });
    await symlink(join(root, 'cat'), join(root, 'cat', 'again'));
    await symlink(join(root, 'dog', 'b.png'), join(root, 'dog', 'c.png'));
    const { items, findings } = await readListing(root);
    expect(items.map((item) => item.name)).toEqual(['cat/a.png', 'dog/b.png', 'dog/c.png']);
    expect(findings).toEqual([]);
  });

  it('keeps to the classes it is given: a misspelt folder is an error with a suggestion', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'dogg/b.png': 2 });
    const strict = await readListing(root, { classes: ['dog', 'cat'] });
    expect(strict.classes).toEqual(['dog', 'cat']);
    expect(codes(strict.findings)).toEqual(['class-unknown', 'class-empty']);
    expect(strict.findings[0]?.message).toContain('Did you mean "dog"?');
    const lenient = await readListing(root, { classes: ['cat'], extraClasses: 'leave-out' });
    expect(lenient.findings).toMatchObject([{ severity: 'warning', code: 'class-left-out', where: 'dogg' }]);
    expect((await readListing(root, { classes: ['cat', 'dogg', 'x'], emptyClasses: 'allow' })).findings).toEqual([]);
  });

  it('takes a class name for the same however the file system spells its accents', async () => {
    const root = await imageFolder({ 'cafe\u0301/a.png': 1, 'tea/b.png': 2 });
    const { items, findings } = await readListing(root, { classes: ['caf\u00e9', 'tea'] });
    expect(items.map((item) => item.className)).toEqual(['caf\u00e9', 'tea']);
    expect(findings).toEqual([]);
  });

  it('reads groups from groups.csv and names every line that does not fit', async () => {
    const root = await imageFolder({ 'cat/a.png': 1, 'cat/b, c.png': 2, 'dog/d.png': 3 });
    await put(
      root,
      'groups.csv',
      'file,group\r\ncat/a.png,g1\r\n"cat/b, c.png","g ""2"""\r\n\r\nwrong\r\ncat/x.png,g\r\ncat/a.png,g9\r\n',
    );
    const { items, findings } = await readListing(root);
    expect(items.map((item) => item.group)).toEqual(['g1', 'g "2"', undefined]);
    expect(findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`)).toEqual([
      'error groups-invalid groups.csv:5',
      'warning groups-unknown-file groups.csv:6',
      'error groups-invalid groups.csv:7',
    ]);
    await put(root, 'groups.csv', 'cat/a.png,g1\n');
    expect((await readListing(root)).findings).toMatchObject([{ code: 'groups-invalid', where: 'groups.csv' }]);
  });

  it('says when the place is missing or is nothing that can be listed', async () => {
    const root = await temporaryFolder();
    await expect(readListing(join(root, 'none'))).rejects.toThrow(SourceUnreadableError);
    await expect(readListing(await put(root, 'a.txt', ''))).rejects.toThrow(/neither a folder .* nor a COCO/);
    await expect(readListing(await put(root, 'a.json', '{'))).rejects.toThrow(/is not JSON/);
  });
});

describe('listing a COCO file', () => {
  const coco = {
    info: {},
    images: [
      { id: 1, file_name: 'sub/a.png', width: 8, height: 8, coco_url: 'http://elsewhere/a.png' },
      { id: 'two', file_name: 'b.png', absolute_url: '', group: 'g' },
      { id: 3, coco_url: '' },
    ],
    annotations: [
      { id: 1, image_id: 1, category_id: 1 },
      { id: 2, image_id: 'two', category_id: 2 },
      { id: 3, image_id: 3, category_id: 2 },
      { id: 4, image_id: 3, category_id: 2 },
    ],
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
  };

  it('finds images by a file address, else by the name relative to the file', async () => {
    const root = await temporaryFolder();
    const elsewhere = await put(root, 'deep/down/x y.png', '');
    const images = coco.images.map((image) =>
      image.id === 3 ? { id: 3, coco_url: pathToFileURL(elsewhere).href } : image,
    );
    const { classes, items, findings } = await readListing(
      await put(root, 'set.json', JSON.stringify({ ...coco, images })),
    );
    expect(findings).toEqual([]);
    expect(classes).toEqual(['cat', 'dog']);
    expect(new Set(items)).toEqual(
      new Set([
        { path: join(root, 'sub/a.png'), name: 'sub/a.png', className: 'cat' },
        { path: join(root, 'b.png'), name: 'b.png', className: 'dog', group: 'g' },
        { path: elsewhere, name: elsewhere, className: 'dog' },
      ]),
    );
  });

  it('finds everything that is wrong in one pass', async () => {
    const broken = {
      images: [
        ...coco.images,
        { id: 1, file_name: 'twice.png' },
        { id: 5, file_name: 'bare.png' },
        { id: 6, file_name: 'both.png' },
      ],
      annotations: [
        ...coco.annotations,
        { id: 1, image_id: 6, category_id: 1 },
        { id: 9, image_id: 6, category_id: 2 },
        { id: 10, image_id: 77, category_id: 88 },
      ],
      categories: [...coco.categories, { id: 3, name: 'bird' }],
    };
    const { findings } = await readListing(await put(await temporaryFolder(), 'set.json', JSON.stringify(broken)));
    expect(findings.map(({ code, where }) => `${code} ${where}`).sort()).toEqual([
      'class-empty bird',
      'coco-id-duplicate annotations[4]',
      'coco-id-duplicate images[3]',
      'coco-id-unknown annotations[6]',
      'coco-id-unknown annotations[6]',
      'image-address image 3',
      'label-missing bare.png',
      'label-multiple both.png',
    ]);
  });

  it('names the place where a file does not fit the format', async () => {
    const path = await put(await temporaryFolder(), 'set.json', JSON.stringify({ images: [{}], categories: [] }));
    const { findings } = await readListing(path);
    expect(findings.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'coco-invalid images.0.id',
      'coco-invalid annotations',
    ]);
  });

  it('keeps to the classes it is given', async () => {
    const path = await put(await temporaryFolder(), 'set.json', JSON.stringify(coco));
    const { items, findings } = await readListing(path, { classes: ['cat', 'dogs'] });
    expect(items.map((item) => item.className)).toEqual(['cat']);
    expect(codes(findings)).toEqual(['class-unknown', 'class-empty']);
  });
});
