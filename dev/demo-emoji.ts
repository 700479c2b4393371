import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VisionClient } from '../vision/client.ts';
import type { DemoSubject } from './demo-subject.ts';
import { buildEmojiData, type EmojiData } from './emoji-data.ts';

/** The demo of a classifier: which of six groups an emoji drawing belongs to. */
export const EMOJI: DemoSubject = {
  loop: 'emoji',
  target: 0.84,
  prepare: async (home, { seed, say }) => {
    const data = await buildEmojiData(join(home, 'emoji'), { seed });
    say(`Emoji: ${data.poolImages} drawings to draw from, ${data.evaluationImages} for evaluation only`);
    return {
      spec: {
        title: 'Is a drawing an animal, a country flag, a face, food, a person or a symbol?',
        collector: { kind: 'pool', path: data.pool },
        evaluation: { path: data.evaluation },
        caps: { rounds: 12 },
      },
      tryOut: (client, model) => predictUnseen(client, model, data),
    };
  },
};

/** What the model says about one drawing a class of which it saw neither the drawing nor a variant. */
async function predictUnseen(client: VisionClient, model: string, data: EmojiData): Promise<string[]> {
  const lines = [`What ${model} says about drawings of which it never saw any variant:`];
  for (const { className, path } of data.unseen) {
    const prediction = await client.predict(model, await readFile(path));
    const [best] = prediction.customModelResult.tagsResult?.values ?? [];
    const said = best ? `${best.name}, confidence ${best.confidence.toFixed(2)}` : 'nothing';
    lines.push(`  ${best?.name === className ? '✓' : '✗'} ${`${className}.png`.padEnd(18)} ${said}`);
  }
  return [...lines, `  (in ${dirname(data.unseen[0]?.path ?? '')})`];
}
