import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { sha256Of } from '../../data/hash.ts';
import { readEmojiSplit } from '../../dev/emoji-data.ts';
import { composeScenes, type Scene } from '../../dev/scenes.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { BoundedCache } from '../../vision-service/bounded-cache.ts';
import { detect } from '../../vision-service/detection/detector.ts';
import { DetectionKernels } from '../../vision-service/detection/kernels.ts';
import { type Finding, findings, measure } from '../../vision-service/detection/measure.ts';
import { sightOf } from '../../vision-service/detection/picture-sight.ts';
import { trainDetector } from '../../vision-service/detection/train-detector.ts';

const CLASSES = ['country-flag', 'face'];

it('drawings of flags and faces are found on unseen scenes with unseen glyphs, after 8 scenes, with efficientnet-lite0', async () => {
  const split = await readEmojiSplit(1);
  const own = (side: 'pool' | 'evaluation') => split[side].filter(({ className }) => CLASSES.includes(className));
  const training = await composeScenes(own('pool'), { count: 8, seed: 1 });
  const evaluation = await composeScenes(own('evaluation'), { count: 8, seed: 2 });
  const backbone = await loadBackbone('efficientnet-lite0');
  const kernels = await DetectionKernels.open({ threads: 2 });
  const db = new DatabaseSync(':memory:');
  const caches = {
    maps: new BoundedCache(db, { table: 'maps', mostBytes: 1e9 }),
    crops: new BoundedCache(db, { table: 'crops', mostBytes: 1e9 }),
  };
  const known = ({ image, objects, group }: Scene) => {
    const sha256 = sha256Of(image);
    const truths = objects.map(({ className, box: [left, top, width, height] }) => {
      return { label: CLASSES.indexOf(className), box: { left, top, width, height } };
    });
    return { ...sightOf({ sha256, read: () => Promise.resolve(image) }, { backbone, ...caches }), truths, group };
  };
  const request = { kind: 'Generic-Detector', classes: CLASSES, seed: 1, threads: 2, affordable: () => true } as const;
  const { detector } = await trainDetector({ ...request, pictures: training.map(known) });
  const pictures = evaluation.map(known);
  const found: Finding[][] = [];
  for (const picture of pictures) found.push(findings(await detect(detector, picture, kernels)));
  const truths = pictures.map((picture) => picture.truths);
  expect(measure(found, truths, CLASSES).meanAveragePrecision50).toBeGreaterThan(0.3);
  await Promise.all([backbone.close(), kernels.close()]);
}, 120_000);
