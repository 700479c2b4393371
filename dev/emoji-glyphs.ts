import { z } from 'zod';

/** The six classes of the demo, a grouping of the emoji categories that six classes of drawings can be told apart by. */
export const EMOJI_CLASSES = ['animal', 'country-flag', 'face', 'food', 'person', 'symbol'] as const;
export type EmojiClass = (typeof EMOJI_CLASSES)[number];

/** What is read from `emoji.json` of the npm packages emoji-datasource-*. */
export const EmojiEntrySchema = z.object({
  unified: z.string(),
  short_name: z.string(),
  image: z.string().regex(/^[0-9a-f-]+\.png$/),
  category: z.string(),
  subcategory: z.string(),
  has_img_google: z.boolean(),
  has_img_twitter: z.boolean(),
});
export type EmojiEntry = z.infer<typeof EmojiEntrySchema>;

/** Class of an emoji in the demo; undefined for the categories that are left out. */
export function emojiClass({
  category,
  subcategory,
}: Pick<EmojiEntry, 'category' | 'subcategory'>): EmojiClass | undefined {
  if (subcategory.startsWith('animal-') || subcategory === 'monkey-face') return 'animal';
  if (category === 'Food & Drink') return 'food';
  if (subcategory.startsWith('face-')) return 'face';
  if (category === 'Symbols') return 'symbol';
  if (subcategory === 'country-flag') return 'country-flag';
  if (subcategory.startsWith('person') || subcategory === 'family') return 'person';
  return undefined;
}

const JOINER = '200D';
const PRESENTATION = 'FE0F';
const SKIN_TONES = new Set(['1F3FB', '1F3FC', '1F3FD', '1F3FE', '1F3FF']);
/** Joined to a glyph these say woman, man, and facing right. */
const MODIFIERS = new Set(['2640', '2642', '27A1']);

/** Code points that draw the same person as a man, a woman, or neither. */
const NEUTRAL: Record<string, string> = {
  '1F468': '1F9D1',
  '1F469': '1F9D1',
  '1F466': '1F9D2',
  '1F467': '1F9D2',
  '1F474': '1F9D3',
  '1F475': '1F9D3',
  '1F934': '1FAC5',
  '1F478': '1FAC5',
  '1F57A': '1F483',
  '1F930': '1FAC4',
  '1FAC3': '1FAC4',
};

/** Single code points for what other sequences compose: Santa and Mrs Claus, couples, the family. */
const COMPOSED: Record<string, string> = {
  '1F385': '1F9D1-1F384',
  '1F936': '1F9D1-1F384',
  '1F46A': '1F9D1-1F9D1-1F9D2',
  '1F46B': '1F9D1-1F91D-1F9D1',
  '1F46C': '1F9D1-1F91D-1F9D1',
  '1F46D': '1F9D1-1F91D-1F9D1',
  '1F48F': '1F9D1-2764-1F48B-1F9D1',
  '1F491': '1F9D1-2764-1F9D1',
};

/**
 * The base glyph of an emoji: its code points without skin tones, gender and direction, so that all variants of one
 * drawing have the same. A sign that is a gender or direction by itself (the right arrow) stays what it is.
 * @param unified code points in hexadecimal, joined with hyphens, as `emoji.json` writes them
 */
export function baseGlyph(unified: string): string {
  const parts = unified
    .toUpperCase()
    .split(`-${JOINER}-`)
    .map((part) => part.split('-').filter((point) => point !== PRESENTATION && !SKIN_TONES.has(point)))
    .filter((points, index) => index === 0 || !points.every((point) => MODIFIERS.has(point)));
  const glyph = parts
    .flat()
    .map((point) => NEUTRAL[point] ?? point)
    .join('-');
  return COMPOSED[glyph] ?? glyph;
}
