import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerLines } from '../../client/decide-lines.ts';
import { LONGEST_LINE, linesOf } from '../../client/json-lines.ts';
import { admitBatch } from '../../collect/admit.ts';
import { writeBatch } from '../../collect/batch-file.ts';
import type { CollectContext } from '../../collect/collector.ts';
import { copyBatch } from '../../collect/submit.ts';
import { sha256Of } from '../../data/hash.ts';
import { readListing } from '../../data/listing.ts';
import { answerRequest } from '../../decide/answer.ts';
import type { DecisionLine } from '../../loop/decision-answer.ts';
import type { FileRef } from '../../loop/round.ts';
import { peopleContext } from '../collect/fixtures.ts';
import { imageFolder, temporaryFolder } from '../data/fixtures.ts';

/** Makes a file of that many bytes, which takes no room on the disk. */
async function grow(path: string, bytes: number): Promise<void> {
  await using file = await open(path, 'a');
  await file.truncate(bytes);
}

const REQUEST = JSON.stringify({ history: [{ images: 48, metric: 0.6 }], settings: { evaluationImages: 500 } });

async function answersTo(chunks: AsyncIterable<Uint8Array>, longest?: number): Promise<DecisionLine[]> {
  const answers: DecisionLine[] = [];
  await answerLines(linesOf(chunks, longest), answerRequest, async (line) => void answers.push(JSON.parse(line)));
  return answers;
}

describe('a line for decide that is longer than any request', () => {
  it('is refused in its place, and the lines around it are answered', async () => {
    const text = [REQUEST, ' '.repeat(401), REQUEST, 'x'.repeat(9000), REQUEST].join('\n');
    const inPieces = async function* () {
      for (let at = 0; at < text.length; at += 100) yield Buffer.from(text.slice(at, at + 100));
    };
    const answers = await answersTo(inPieces(), 400);
    expect(answers.map((said) => ('error' in said ? said.error.line : 'answered'))).toEqual([
      'answered',
      2,
      'answered',
      4,
      'answered',
    ]);
  });

  it('is not kept while it comes: a thousand megabytes of it need no more memory than the bound', async () => {
    const piece = Buffer.alloc(1 << 20, 'x');
    let most = 0;
    const endless = async function* () {
      for (let at = 0; at < 1000; at += 1) {
        if (at % 50 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
        yield piece;
      }
      yield Buffer.from(`\n${REQUEST}`);
    };
    const before = process.memoryUsage().heapUsed;
    const [refused, answered, ...rest] = await answersTo(endless());
    expect(refused).toEqual({
      error: {
        line: 1,
        problems: [
          {
            path: '',
            message: expect.stringContaining('more than 10,000,000 characters; at most 10,000,000 of a line are read'),
          },
        ],
      },
    });
    expect(answered).toHaveProperty('action');
    expect(rest).toEqual([]);
    expect(most - before).toBeLessThan(200e6);
  });

  it('is longer than a history of a hundred thousand rounds, which is answered', () => {
    const rounds = Array(100_000).fill({
      images: 1_000_000,
      metric: 0.987_654_321_012_345_6,
      share: 0.123_456_789_012,
    });
    expect(JSON.stringify(rounds).length).toBeLessThan(LONGEST_LINE);
  });
});

describe('groups.csv', () => {
  it('is not read when it is larger than any dataset’s, and is read again once it is shorter', async () => {
    const folder = await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 });
    const groups = join(folder, 'groups.csv');
    await writeFile(groups, 'file,group\ncat/a.png,one\n');
    await grow(groups, 3_000_000_000);
    await expect(readListing(folder)).rejects.toThrow(
      `${groups} has 3000.0 MB; at most 100 MB are read: keep only the lines of images that are in this folder`,
    );
    await writeFile(groups, 'file,group\ncat/a.png,one\n');
    const { items } = await readListing(folder);
    expect(items.map(({ group }) => group)).toEqual(['one', undefined]);
  });

  it('that is no file is refused instead of waited for', async () => {
    const folder = await imageFolder({ 'cat/a.png': 1 });
    await mkdir(join(folder, 'groups.csv'));
    await expect(readListing(folder)).rejects.toThrow('groups.csv is not a file');
    const other = await imageFolder({ 'cat/a.png': 1 });
    execFileSync('mkfifo', [join(other, 'groups.csv')]);
    await expect(readListing(other)).rejects.toThrow('groups.csv is not a file');
  });

  it('is not read over a link that leads out of the folder: its first line would be told', async () => {
    const folder = await imageFolder({ 'cat/a.png': 1 });
    const secret = join(await temporaryFolder(), 'secret');
    await writeFile(secret, 'a secret line\n');
    await symlink(secret, join(folder, 'groups.csv'));
    const { findings, items } = await readListing(folder);
    expect(findings).toMatchObject([{ severity: 'error', code: 'link-outside', where: 'groups.csv' }]);
    expect(JSON.stringify(findings)).not.toContain('secret line');
    expect(items).toHaveLength(1);
  });

  it('is read over a link inside the folder', async () => {
    const folder = await imageFolder({ 'cat/a.png': 1 });
    await writeFile(join(folder, '.groups'), 'file,group\ncat/a.png,one\n');
    await symlink('.groups', join(folder, 'groups.csv'));
    expect((await readListing(folder)).items[0]?.group).toBe('one');
  });
});

describe('a batch that somebody else wrote', () => {
  let ctx: CollectContext;
  let manifest: FileRef;

  beforeEach(async () => {
    ctx = await peopleContext();
    ({ manifest } = await copyBatch(ctx.folder, await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 }), {
      classes: ctx.classes,
    }));
  });

  const batchFile = () => ctx.folder.resolve(`batches/${manifest.sha256}.json`);

  /** What the loop keeps, which no refusal may touch. */
  async function kept(): Promise<string[][]> {
    return Promise.all(['inbox', 'admissions'].map((name) => readdir(ctx.folder.resolve(name)).catch(() => [])));
  }

  it('is not read when it is larger than any; mended, the same batch is admitted whole', async () => {
    const before = await kept();
    const good = await readFile(batchFile());
    await rename(batchFile(), `${batchFile()}.aside`);
    await grow(batchFile(), 5_000_000_000);
    await expect(admitBatch(ctx, { sequence: 1, manifest })).rejects.toThrow(
      `batches/${manifest.sha256}.json has 5000.0 MB; at most 100 MB are read: hand the images in as several smaller`,
    );
    expect(await kept()).toEqual(before);
    await rm(batchFile());
    await writeFile(batchFile(), good);
    expect(await admitBatch(ctx, { sequence: 1, manifest })).toMatchObject({ accepted: { cat: 1, dog: 1 }, images: 2 });
  });

  it.each([
    ['is no JSON', '{', 'is not JSON'],
    [
      'is nested without end',
      `{"schemaVersion": 1, "images": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      '100 levels',
    ],
    ['has __proto__', '{"schemaVersion": 1, "images": [], "__proto__": {"images": 1}}', 'the key __proto__'],
    ['has a path for a name', `{"schemaVersion": 1, "images": [{"file": "../../x.png"}]}`, 'is no batch'],
  ])('that %s is refused in a sentence, and nothing is admitted', async (_what, text, why) => {
    const before = await kept();
    const sha256 = sha256Of(text);
    const ref = { uri: manifest.uri.replace(manifest.sha256, sha256), sha256 };
    await writeFile(ctx.folder.resolve(`batches/${sha256}.json`), text);
    await expect(admitBatch(ctx, { sequence: 1, manifest: ref })).rejects.toThrow(why);
    expect(({} as { images?: unknown }).images).toBeUndefined();
    expect(await kept()).toEqual(before);
    expect(await admitBatch(ctx, { sequence: 1, manifest })).toMatchObject({ images: 2 });
  });

  it('cannot come from `submit`, which tells it before the loop hears of it', async () => {
    const image = { sha256: 'a'.repeat(64), file: `${'a'.repeat(64)}.png`, className: 'cat', source: 'cat/a.png' };
    const bound = { maxBytes: 1000, instead: 'hand in fewer' };
    const write = (images: number) =>
      writeBatch(ctx.folder, { source: '/all', images: Array(images).fill(image) }, bound);
    await expect(write(10)).rejects.toThrow(
      /^\/all gives a list of its images that has 0\.0 MB; at most 0\.001 MB are/,
    );
    expect(await readdir(ctx.folder.resolve('batches'))).toHaveLength(1);
    await write(2);
    expect(await readdir(ctx.folder.resolve('batches'))).toHaveLength(2);
  });
});
