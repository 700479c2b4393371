import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { EmbeddingCache, embedImages } from '../../vision-service/embeddings.ts';
import { topKAccuracy } from '../../vision-service/metrics/classification.ts';
import { predictScores } from '../../vision-service/training/classifier.ts';
import { trainClassifier } from '../../vision-service/training/train-classifier.ts';

const GROUPS = ['Food & Drink', 'face-', 'country-flag'];
const TRAINED = 4;
const JUDGED = 8;

const EmojiSchema = z.object({ image: z.string(), category: z.string(), subcategory: z.string() });

function fileOf(vendor: string, path: string): string {
  return fileURLToPath(new URL(`../../node_modules/emoji-datasource-${vendor}/${path}`, import.meta.url));
}

/** A few glyphs of each group, spread over its list; both vendors' drawings of a glyph stay on one side. */
async function drawings() {
  const emojis = z.array(EmojiSchema).parse(JSON.parse(await readFile(fileOf('google', 'emoji.json'), 'utf8')));
  return GROUPS.flatMap((group, label) => {
    const own = emojis.filter((emoji) => emoji.category === group || emoji.subcategory.startsWith(group));
    const step = Math.floor(own.length / (TRAINED + JUDGED));
    const glyphs = Array.from({ length: TRAINED + JUDGED }, (_, i) => own[i * step]?.image ?? '');
    return glyphs.map((glyph, i) => ({ glyph, label, trained: i % 3 === 0 }));
  });
}

describe.each([
  ['efficientnet-lite0', 0.9],
  ['classical', 0.65],
])('drawings of food, faces and flags, 4 glyphs a class, backbone %s', (name, atLeast) => {
  it(`are told apart on unseen glyphs with at least ${atLeast}`, async () => {
    const backbone = await loadBackbone(name);
    const cache = new EmbeddingCache(new DatabaseSync(':memory:'));
    const glyphs = (await drawings()).flatMap((one) => ['google', 'twitter'].map((vendor) => ({ ...one, vendor })));
    const images = glyphs.map(({ glyph, vendor }) => {
      const file = fileOf(vendor, `img/${vendor}/64/${glyph}`);
      return { sha256: file, read: () => readFile(file) };
    });
    const { features } = await embedImages({ backbone, cache, images });
    const side = (trained: boolean) => glyphs.flatMap((one, i) => (one.trained === trained ? [{ ...one, i }] : []));
    const featuresOf = (of: { i: number }[]) => of.flatMap(({ i }) => features[i] ?? []);
    const [training, judged] = [side(true), side(false)];
    const { classifier } = await trainClassifier({
      features: featuresOf(training),
      labels: training.map((one) => one.label),
      groups: training.map((one) => one.glyph),
      classes: GROUPS,
      seed: 1,
      budgetMs: 60_000,
    });
    const scores = predictScores(classifier, featuresOf(judged));
    const accuracy = topKAccuracy(
      scores,
      judged.map((one) => one.label),
      1,
    );
    expect(accuracy).toBeGreaterThanOrEqual(atLeast);
    await backbone.close();
  });
});
