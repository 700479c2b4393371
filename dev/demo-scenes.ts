import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FoundBox, matchImage } from '../loop/detection-metric.ts';
import type { VisionClient } from '../vision/client.ts';
import type { Prediction } from '../vision/contract.ts';
import type { DemoSubject } from './demo-subject.ts';
import { readEmojiSplit } from './emoji-data.ts';
import { EMOJI_CLASSES } from './emoji-glyphs.ts';
import { composeScenes, type Scene, writeScenes } from './scenes.ts';

const POOL_SCENES = 140;
const EVALUATION_SCENES = 50;
const UNSEEN_SCENES = 4;
/** Confidence from which a box is shown, and overlap from which it is right, 0–1. */
const SURE_ENOUGH = 0.3;
const OVERLAP = 0.5;

/** The demo of a detector: where on composed scenes drawings of six groups are. No glyph stands on both sides. */
export const SCENES: DemoSubject = {
  loop: 'scenes',
  target: 0.6,
  prepare: async (home, { seed, say }) => {
    say(`Composing ${POOL_SCENES} scenes to draw from and ${EVALUATION_SCENES} for evaluation only …`);
    const split = await readEmojiSplit(seed);
    const write = async (side: keyof typeof split, count: number) => {
      const scenes = await composeScenes(split[side], { count, seed });
      return { scenes, file: await writeScenes(join(home, 'scenes', side), { scenes, classes: EMOJI_CLASSES }) };
    };
    const pool = await write('pool', POOL_SCENES);
    const evaluation = await write('evaluation', EVALUATION_SCENES);
    const unseen = await write('unseen', UNSEEN_SCENES);
    return {
      spec: {
        title: 'Where is an animal, a country flag, a face, food, a person or a symbol?',
        task: 'detection',
        collector: { kind: 'pool', path: pool.file },
        evaluation: { path: evaluation.file },
        imagesPerClass: 4,
        caps: { rounds: 8 },
      },
      tryOut: (client, model) => lookAt(client, model, unseen),
    };
  },
};

/** What the model finds on scenes of drawings that are neither in the pool nor in the evaluation set. */
async function lookAt(
  client: VisionClient,
  model: string,
  { scenes, file }: { scenes: Scene[]; file: string },
): Promise<string[]> {
  const folder = dirname(file);
  const coco: { images: { file_name: string }[] } = JSON.parse(await readFile(file, 'utf8'));
  const lines = [`What ${model} finds on scenes of drawings of which it never saw any variant:`];
  for (const [at, scene] of scenes.entries()) {
    const name = coco.images[at]?.file_name ?? '';
    const prediction = await client.predict(model, await readFile(join(folder, name)));
    lines.push(`  ${name}  ${sceneWords(scene, prediction)}`);
  }
  return [...lines, `  (in ${folder})`];
}

/** `found 3 of 4: food 0.91, face 0.80, face 0.44; missed person; 1 wrong`. */
function sceneWords({ objects, width, height }: Scene, prediction: Prediction): string {
  const found = (prediction.customModelResult.objectsResult?.values ?? []).flatMap(
    ({ boundingBox, tags }): FoundBox[] => {
      const [tag] = tags;
      const { x, y, w, h } = boundingBox;
      if (tag === undefined || tag.confidence < SURE_ENOUGH) return [];
      return [{ label: tag.name, score: tag.confidence, box: [x / width, y / height, w / width, h / height] }];
    },
  );
  const truths = objects.map(({ className, box }) => ({ label: className, box }));
  const matches = matchImage(found, truths, OVERLAP).found;
  const right = matches.filter((each) => each.right);
  const missed = right.reduce(
    (left, { label }) => without(left, String(label)),
    truths.map(({ label }) => label),
  );
  const wrong = matches.length - right.length;
  return [
    `found ${right.length} of ${truths.length}${right.map(({ label, score }, i) => `${i === 0 ? ': ' : ' '}${label} ${score.toFixed(2)}`).join(',')}`,
    ...(missed.length > 0 ? [`missed ${missed.join(', ')}`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
  ].join('; ');
}

function without(names: readonly string[], name: string): string[] {
  return names.toSpliced(names.indexOf(name), 1);
}
