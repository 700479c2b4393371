import { sha256Of } from '../data/hash.ts';
import { EMOJI_CLASSES, type EmojiClass } from './emoji-glyphs.ts';

/** Evaluation images of a class: this many, but never more than the share, so that a small class keeps a pool. */
const EVALUATION_IMAGES = 100;
const EVALUATION_SHARE = 0.4;

/** One drawing. */
export interface EmojiImage {
  className: EmojiClass;
  /** The drawing's file. */
  source: string;
  /** File name in the demo's folders. */
  name: string;
  /** Base glyph; drawings of one glyph are variants of each other. */
  glyph: string;
  /** SHA-256 of the file. */
  sha256: string;
}

export interface GroupedImage extends EmojiImage {
  /** Images of one group never stand on both sides. */
  group: string;
}

export interface EmojiSplit {
  pool: GroupedImage[];
  /** About 100 images a class. */
  evaluation: GroupedImage[];
  /** One image a class of a glyph that is on neither side. */
  unseen: GroupedImage[];
}

/**
 * Splits drawings by glyph into an evaluation set, one unseen glyph a class, and the pool (the rest). Drawings of one
 * glyph, and glyphs that a vendor draws with the same file (several countries share a flag), stay together; of equal
 * files only the first is used. The same images and seed always give the same split.
 */
export function splitEmoji(images: EmojiImage[], seed: number): EmojiSplit {
  const grouped = distinct(withGroups(images));
  const split: EmojiSplit = { pool: [], evaluation: [], unseen: [] };
  for (const className of EMOJI_CLASSES) {
    const groups = shuffledGroups(
      grouped.filter((image) => image.className === className),
      seed,
    );
    splitClass(groups, split);
  }
  return split;
}

function splitClass(groups: GroupedImage[][], split: EmojiSplit): void {
  const held = groups.find((group) => group.length === 2);
  const rest = groups.filter((group) => group !== held);
  const total = groups.flat().length;
  const limit = Math.min(EVALUATION_IMAGES, Math.floor(total * EVALUATION_SHARE));
  let taken = 0;
  for (const group of rest) {
    const fits = taken + group.length <= limit;
    if (fits) taken += group.length;
    (fits ? split.evaluation : split.pool).push(...group);
  }
  split.unseen.push(...(held ?? []).slice(0, 1));
}

/** Joins the glyphs that share a file; the group has the name of its first glyph. */
function withGroups(images: EmojiImage[]): GroupedImage[] {
  const parents = new Map<string, string>();
  const root = (glyph: string): string => {
    const parent = parents.get(glyph);
    return parent === undefined ? glyph : root(parent);
  };
  const firstWithFile = new Map<string, string>();
  for (const { sha256, glyph } of images) {
    const other = root(firstWithFile.get(sha256) ?? glyph);
    firstWithFile.set(sha256, other);
    const mine = root(glyph);
    const [first = mine, second = mine] = [mine, other].sort();
    if (first !== second) parents.set(second, first);
  }
  return images.map((image) => ({ ...image, group: root(image.glyph) }));
}

function distinct(images: GroupedImage[]): GroupedImage[] {
  const seen = new Set<string>();
  return images.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256));
}

function shuffledGroups(images: GroupedImage[], seed: number): GroupedImage[][] {
  const order = (group: string): string => sha256Of(`${seed}:${group}`);
  const groups = Map.groupBy(images, (image) => image.group);
  return [...groups].sort(([a], [b]) => (order(a) < order(b) ? -1 : 1)).map(([, members]) => members);
}
