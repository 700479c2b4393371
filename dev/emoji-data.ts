import { constants, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { sha256Of } from '../data/hash.ts';
import { baseGlyph, type EmojiClass, type EmojiEntry, EmojiEntrySchema, emojiClass } from './emoji-glyphs.ts';
import { type EmojiImage, type EmojiSplit, type GroupedImage, splitEmoji } from './emoji-split.ts';

const VENDORS = ['google', 'twitter'] as const;
const FILES_AT_ONCE = 32;

const ATTRIBUTION = `The drawings in these folders are not part of deltaloop. They come from the npm packages emoji-datasource-google and
emoji-datasource-twitter:
  *.google.png   Noto Emoji, Copyright Google LLC, Apache License 2.0
  *.twitter.png  Twemoji, Copyright Twitter, Inc. and other contributors, CC BY 4.0
`;

/** The demo's images on disk. */
export interface EmojiData {
  /** ImageFolder with `groups.csv`: what a loop may draw from. */
  pool: string;
  /** ImageFolder with `groups.csv`: about 600 images, never trained on. */
  evaluation: string;
  poolImages: number;
  evaluationImages: number;
  /** One image a class that is on neither side. */
  unseen: { className: EmojiClass; path: string }[];
}

/**
 * Writes the demo's images below `folder`: `pool/<class>/*.png`, `evaluation/<class>/*.png`, each with a `groups.csv`
 * (`file,group`) at its root, and `unseen/<class>.png`. Does nothing that is already done.
 * @param seed decides which glyphs are evaluated on; the same seed always gives the same folders
 * @throws Error when the npm packages with the drawings are not installed, or the folder holds images of another seed
 */
export async function buildEmojiData(folder: string, { seed }: { seed: number }): Promise<EmojiData> {
  const split = await readEmojiSplit(seed);
  await claim(folder, seed);
  const pool = join(folder, 'pool');
  const evaluation = join(folder, 'evaluation');
  await writeImageFolder(pool, split.pool);
  await writeImageFolder(evaluation, split.evaluation);
  const unseen = split.unseen.map(({ className, source }) => ({
    className,
    source,
    path: join(folder, 'unseen', `${className}.png`),
  }));
  await copyAll(unseen);
  await writeFile(join(folder, 'ATTRIBUTION.txt'), ATTRIBUTION);
  return {
    pool,
    evaluation,
    poolImages: split.pool.length,
    evaluationImages: split.evaluation.length,
    unseen: unseen.map(({ className, path }) => ({ className, path })),
  };
}

/**
 * The demo's drawings as the npm packages hold them, split by glyph into pool, evaluation and unseen.
 * @throws Error when the npm packages with the drawings are not installed
 */
export async function readEmojiSplit(seed: number): Promise<EmojiSplit> {
  return splitEmoji(await readDrawings(), seed);
}

async function readDrawings(): Promise<EmojiImage[]> {
  const limit = pLimit(FILES_AT_ONCE);
  const [google, twitter] = VENDORS.map(packageFolder);
  if (!google || !twitter) throw new Error(PACKAGES_MISSING);
  const entries = z.array(EmojiEntrySchema).parse(JSON.parse(await readFile(join(google, 'emoji.json'), 'utf8')));
  const wanted = entries.flatMap((entry) => {
    const className = emojiClass(entry);
    return className && entry.has_img_google && entry.has_img_twitter ? [{ entry, className }] : [];
  });
  const jobs = wanted.flatMap(({ entry, className }) => [
    limit(() => readDrawing(join(google, 'img/google/64', entry.image), 'google', { entry, className })),
    limit(() => readDrawing(join(twitter, 'img/twitter/64', entry.image), 'twitter', { entry, className })),
  ]);
  return Promise.all(jobs);
}

const PACKAGES_MISSING = [
  'The drawings of the demo are not installed (npm packages emoji-datasource-google and emoji-datasource-twitter).',
  'They are development dependencies: run `npm ci` without `--omit=dev`, then the same command again.',
].join('\n');

function packageFolder(vendor: (typeof VENDORS)[number]): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`emoji-datasource-${vendor}/package.json`));
  } catch {
    return undefined;
  }
}

async function readDrawing(
  source: string,
  vendor: string,
  { entry, className }: { entry: EmojiEntry; className: EmojiClass },
): Promise<EmojiImage> {
  const sha256 = sha256Of(await readFile(source));
  const name = `${entry.short_name.replaceAll(/[^a-z0-9_-]/g, '-')}.${vendor}.png`;
  return { className, source, name, glyph: baseGlyph(entry.unified), sha256 };
}

/** A folder belongs to one seed: images of two would mix what is trained on with what is evaluated on. */
async function claim(folder: string, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'split.json');
  const mine = `${JSON.stringify({ schemaVersion: 1, seed })}\n`;
  const theirs = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (theirs === undefined) return writeFile(file, mine);
  if (theirs !== mine)
    throw new Error(
      `${folder} holds images of another split (${theirs.trim()}); remove that folder or take another one`,
    );
}

async function writeImageFolder(root: string, images: GroupedImage[]): Promise<void> {
  await copyAll(images.map(({ source, className, name }) => ({ source, path: join(root, className, name) })));
  const rows = images.map(({ className, name, group }) => `${className}/${name},${group}`).sort();
  await writeFile(join(root, 'groups.csv'), `${['file,group', ...rows].join('\n')}\n`);
}

async function copyAll(files: { source: string; path: string }[]): Promise<void> {
  const limit = pLimit(FILES_AT_ONCE);
  const folders = new Set(files.map(({ path }) => dirname(path)));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await Promise.all(files.map((file) => limit(() => copyOnce(file))));
}

/** A copy that an earlier run left half-written is made again. */
async function copyOnce({ source, path }: { source: string; path: string }): Promise<void> {
  const [wanted, there] = await Promise.all([stat(source), stat(path).catch(() => undefined)]);
  if (there?.size !== wanted.size) await copyFile(source, path, constants.COPYFILE_FICLONE);
}
