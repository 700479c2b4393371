import { randomNumbers } from '../../loop/random.ts';
import { logLosses } from '../heads/linear-head.ts';
import { allowsRoot, unitRows } from '../heads/transform.ts';
import { type CropHead, CropRegression, type CropSamples, cropScores } from './crop-head.ts';
import { type PlannedCrop, planCrops } from './crop-plan.ts';
import type { PlaceTrainingResult } from './place-training.ts';
import type { Proposal } from './propose.ts';
import { inTurn, type TrainingPicture, type TrainingTools } from './training-parts.ts';

/** Tried in this order, as the place head's recipes. */
const LAMBDAS: readonly [number, ...number[]] = [1e-3, 3e-3, 3e-4];
/** Crops besides the proposals: of a picture, and of all together; one takes up to 20 kB. */
const CROPS_PER_PICTURE = 60;
const CROPS_AT_MOST = 12_000;
/** Shifted crops of an object: the fewer objects, the more they are worth. */
const JITTERED = { few: 3, many: 1 };
const MANY_OBJECTS = 150;

/** The crop head of all pictures, and what heads that had not seen a picture say of its proposals. */
export interface CropTrainingResult {
  head: CropHead;
  lambda: number;
  scores: Map<Proposal, Float32Array>;
}

interface Crop extends PlannedCrop {
  fold: number;
  feature: Float32Array;
}

/** Cross-fits crop heads over the folds of the place heads, with the λ that makes the held-out crops most likely. */
export async function trainCrops(
  pictures: readonly TrainingPicture[],
  places: PlaceTrainingResult,
  tools: TrainingTools,
): Promise<CropTrainingResult> {
  const crops = await embedCrops(pictures, places, tools);
  const samples = samplesOf(crops, tools.classes.length);
  const { lambda, scores } = await chooseLambda(crops, { samples, places }, tools);
  const all = crops.flatMap(({ label }, i) => (label === undefined ? [] : [i]));
  const regression = await CropRegression.on(samples, all, tools.heads);
  const head = await regression.fit(lambda, tools.pause);
  return { head, lambda, scores };
}

function samplesOf(crops: readonly Crop[], classes: number): CropSamples {
  const features = crops.map(({ feature }) => feature);
  const cubeRoot = allowsRoot(features);
  // A crop that is neither object nor background is never chosen to learn from.
  const labels = crops.map(({ label }) => label ?? classes);
  return { units: unitRows(features, cubeRoot), cubeRoot, labels, classes };
}

async function chooseLambda(
  crops: readonly Crop[],
  { samples, places }: { samples: CropSamples; places: PlaceTrainingResult },
  tools: TrainingTools,
) {
  const [first] = LAMBDAS;
  if (places.foldCount < 2) return { lambda: first, scores: new Map<Proposal, Float32Array>() };
  const regressions: CropRegression[] = [];
  for (let fold = 0; fold < places.foldCount; fold += 1) {
    await tools.pause();
    const seen = crops.flatMap((crop, i) => (crop.label === undefined || crop.fold === fold ? [] : [i]));
    regressions.push(await CropRegression.on(samples, seen, tools.heads));
  }
  let best = { lambda: first, ...(await crossFit(crops, { regressions, lambda: first }, tools)) };
  for (const lambda of places.enoughToChoose ? LAMBDAS.slice(1) : []) {
    if (!tools.affordable()) break;
    const trial = await crossFit(crops, { regressions, lambda }, tools);
    if (trial.loss < best.loss) best = { lambda, ...trial };
  }
  return best;
}

/** What heads say of the proposals that they had not seen, and the mean loss (nats) of the held-out crops. */
async function crossFit(
  crops: readonly Crop[],
  { regressions, lambda }: { regressions: readonly CropRegression[]; lambda: number },
  { pause }: TrainingTools,
) {
  const scores = new Map<Proposal, Float32Array>();
  const judged: { label: number; score: Float32Array }[] = [];
  for (const [fold, regression] of regressions.entries()) {
    const head = await regression.fit(lambda, pause);
    for (const { label, proposal, feature } of crops.filter((crop) => crop.fold === fold)) {
      const score = cropScores(head, feature);
      if (proposal !== undefined) scores.set(proposal, score);
      if (label !== undefined) judged.push({ label, score });
    }
  }
  const losses = logLosses(
    judged.map(({ score }) => score),
    judged.map(({ label }) => label),
  );
  return { scores, loss: losses.reduce((sum, loss) => sum + loss, 0) / Math.max(losses.length, 1) };
}

async function embedCrops(
  pictures: readonly TrainingPicture[],
  { folds, proposals }: PlaceTrainingResult,
  { classes, pause, seed }: TrainingTools,
): Promise<Crop[]> {
  const more = Math.max(2, Math.min(CROPS_PER_PICTURE, Math.floor(CROPS_AT_MOST / pictures.length)));
  const objects = pictures.reduce((sum, { truths }) => sum + truths.length, 0);
  const jittered = objects < MANY_OBJECTS ? JITTERED.few : JITTERED.many;
  const look = async (picture: TrainingPicture, index: number) => {
    const own = { truths: picture.truths, proposals: proposals[index] ?? [] };
    const planned = planCrops(own, { classes: classes.length, jittered, more, random: randomNumbers(seed + index) });
    const features = await picture.crops(planned.map(({ box }) => box));
    return planned.flatMap((crop, i): Crop[] => {
      const feature = features[i];
      return feature === undefined ? [] : [{ ...crop, fold: folds[index] ?? 0, feature }];
    });
  };
  const crops: Crop[] = [];
  for await (const { result } of inTurn(pictures, pause, look)) crops.push(...result);
  return crops;
}
