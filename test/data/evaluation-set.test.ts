import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CocoDataset, toCoco } from '../../data/coco.ts';
import { ChecksFailedError, EvaluationSetChangedError, FolderMissingError } from '../../data/errors.ts';
import {
  discardEvaluationSet,
  freezeEvaluationSet,
  readEvaluationSet,
  verifyEvaluationSet,
} from '../../data/evaluation-set.ts';
import { sha256OfFile } from '../../data/hash.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { codes, imageFolder, loopFolder, put, QUOTAS, temporaryFolder } from './fixtures.ts';

const FILES = { 'cat/a.png': 1, 'cat/b.png': 2, 'dog/c.png': 3 };

async function frozen(files: Record<string, number> = FILES) {
  const folder = await loopFolder();
  const path = await imageFolder(files);
  return { folder, path, set: await freezeEvaluationSet(folder, { path, quotas: QUOTAS }) };
}

describe('freezing an evaluation set', () => {
  it('copies it and describes it in the form of the vision API', async () => {
    const { folder, set } = await frozen();
    const coco: CocoDataset = JSON.parse((await folder.read(set.ref)).toString());
    expect(set).toMatchObject({ images: 3, classes: ['cat', 'dog'] });
    expect(coco.categories).toEqual([
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ]);
    expect(coco.images.map((image) => image.id)).toEqual([1, 2, 3]);
    const entries = await readEvaluationSet(folder);
    expect(coco.images.map((image) => image.file_name)).toEqual(entries.map((entry) => entry.file));
    for (const [at, image] of coco.images.entries()) {
      expect(await sha256OfFile(fileURLToPath(image.coco_url))).toBe(entries[at]?.sha256);
      const category = coco.categories.find(({ id }) => id === coco.annotations[at]?.category_id);
      expect(category?.name).toBe(entries[at]?.className);
    }
  });

  it('gives the same images the same hash and order, whatever their names', async () => {
    const one = await frozen();
    const other = await frozen({ 'cat/z.png': 1, 'cat/y.png': 2, 'dog/x.png': 3 });
    const relabelled = await frozen({ 'cat/a.png': 1, 'dog/b.png': 2, 'dog/c.png': 3 });
    expect(other.set.hash).toBe(one.set.hash);
    expect(relabelled.set.hash).not.toBe(one.set.hash);
    const hashes = (await readEvaluationSet(one.folder)).map((image) => image.sha256);
    expect((await readEvaluationSet(other.folder)).map((image) => image.sha256)).toEqual(hashes);
  });

  it('stays as it was frozen, whatever becomes of the source', async () => {
    const { folder, path, set } = await frozen();
    await rm(path, { recursive: true });
    expect(await freezeEvaluationSet(folder, { path, quotas: QUOTAS })).toEqual(set);
    await rm(folder.resolve('evaluation/coco.json'));
    expect(await freezeEvaluationSet(folder, { path, quotas: QUOTAS })).toEqual(set);
    await verifyEvaluationSet(folder, set.hash);
  });

  it('keeps an image that stands there twice once', async () => {
    const { folder, set } = await frozen({ ...FILES, 'cat/copy.png': 1 });
    expect(set.images).toBe(3);
    expect(codes(set.findings)).toContain('duplicate-exact');
    expect(await readdir(folder.resolve('evaluation/images'))).toHaveLength(3);
  });

  it('copies nothing of a set with errors and names them all', async () => {
    const folder = await loopFolder();
    const path = await imageFolder({ ...FILES, 'dog/again.png': 1, 'bird/none.txt': 1 });
    const failed = await freezeEvaluationSet(folder, { path, quotas: QUOTAS, classes: ['cat', 'dog', 'fox'] }).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(failed).toBeInstanceOf(ChecksFailedError);
    const errors = failed.findings.filter((finding: { severity: string }) => finding.severity === 'error');
    expect(codes(errors).sort()).toEqual([
      'class-empty',
      'class-too-small',
      'class-unknown',
      'duplicate-label-conflict',
    ]);
    expect(failed.message).toContain('4 errors in the dataset');
    expect(await readdir(folder.path)).toEqual([]);
    expect(await readEvaluationSet(folder)).toEqual([]);
  });

  it('can be taken back and frozen anew', async () => {
    const { folder, path, set } = await frozen();
    await discardEvaluationSet(folder);
    await rm(join(path, 'cat/b.png'));
    const again = await freezeEvaluationSet(folder, { path, quotas: QUOTAS });
    expect(again.images).toBe(2);
    await expect(verifyEvaluationSet(folder, set.hash)).rejects.toThrow(EvaluationSetChangedError);
  });

  it('says when the loop’s folder is not there', async () => {
    const folder = LoopFolder.at(await temporaryFolder(), 'none');
    await expect(freezeEvaluationSet(folder, { path: '/x', quotas: QUOTAS })).rejects.toThrow(FolderMissingError);
    await expect(verifyEvaluationSet(folder, 'x')).rejects.toThrow(FolderMissingError);
  });
});

describe('verifying an evaluation set', () => {
  it('names every file that is missing or changed', async () => {
    const { folder, set } = await frozen();
    const [first, second] = await readEvaluationSet(folder);
    await writeFile(folder.resolve(`evaluation/images/${first?.file}`), 'changed');
    await rm(folder.resolve(`evaluation/images/${second?.file}`));
    await put(folder.path, 'evaluation/coco.json', '{}');
    await expect(verifyEvaluationSet(folder, set.hash)).rejects.toMatchObject({
      code: 'EvaluationSetChanged',
      files: [`evaluation/images/${first?.file}`, `evaluation/images/${second?.file}`, 'evaluation/coco.json'],
    });
  });

  it('does not believe a list that was changed together with its images', async () => {
    const { folder, set } = await frozen();
    const text = await readFile(folder.resolve('evaluation/set.json'), 'utf8');
    await writeFile(folder.resolve('evaluation/set.json'), text.replace('"className": "dog"', '"className": "cat"'));
    await expect(verifyEvaluationSet(folder, set.hash)).rejects.toMatchObject({ files: ['evaluation/set.json'] });
    await rm(folder.resolve('evaluation/set.json'));
    await expect(verifyEvaluationSet(folder, set.hash)).rejects.toThrow('evaluation/set.json');
  });

  it('reports how far it is and stops when told to', async () => {
    const { folder, set } = await frozen();
    const notes: string[] = [];
    await verifyEvaluationSet(folder, set.hash, { heartbeat: (note) => notes.push(note) });
    expect(notes.at(-1)).toBe('verified 3 of 3 evaluation images');
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(verifyEvaluationSet(folder, set.hash, { signal })).rejects.toThrow('stopped');
  });
});

describe('a COCO dataset', () => {
  it('numbers images, annotations and categories from 1 and refuses a class it does not know', () => {
    const image = { sha256: 'a', pixelSha256: 'b', file: 'a b.png', className: 'dog', width: 4, height: 5 };
    const coco = toCoco({ images: [image], classes: ['cat', 'dog'], imagesDir: '/loop/images' });
    expect(coco.images).toEqual([
      { id: 1, width: 4, height: 5, file_name: 'a b.png', coco_url: pathToFileURL('/loop/images/a b.png').href },
    ]);
    expect(coco.annotations).toEqual([{ id: 1, image_id: 1, category_id: 2 }]);
    expect(() => toCoco({ images: [image], classes: ['cat'], imagesDir: '/loop/images' })).toThrow('"dog"');
  });
});
