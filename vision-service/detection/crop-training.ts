import { logLoss } from '../heads/linear-head.ts';
import { randomNumbers } from '../training/random.ts';
import { type CropHead, cropScores, trainCropHead } from './crop-head.ts';
import { type PlannedCrop, planCrops } from './crop-plan.ts';
import type { PlaceTrainingResult } from './place-training.ts';
import type { Proposal } from './propose.ts';
import { inTurn, type TrainingPicture, type TrainingTools } from './training-parts.ts';

/** Tried in this order, as the place head's recipes. */
const LAMBDAS: readonly [number, ...number[]] = [1e-3, 3e-3, 3e-4];
/** Crops besides the proposals: of a picture, and of all together; one takes up to 20 kB. */
const CROPS_PER_PICTURE = 60;
const CROPS_AT_MOST = 12_000;

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
  let best: { lambda: number; scores: Map<Crop, Float32Array>; loss: number } | undefined;
  for (const lambda of LAMBDAS) {
    if (places.foldCount < 2 || (best !== undefined && !tools.affordable())) break;
    const trial = await crossFit(crops, { lambda, folds: places.foldCount }, tools);
    if (best === undefined || trial.loss < best.loss) best = { lambda, ...trial };
  }
  const lambda = best?.lambda ?? LAMBDAS[0];
  const head = await train(crops, lambda, tools);
  const scores = new Map<Proposal, Float32Array>();
  for (const [{ proposal }, score] of best?.scores ?? []) if (proposal !== undefined) scores.set(proposal, score);
  return { head, lambda, scores };
}

async function embedCrops(
  pictures: readonly TrainingPicture[],
  { folds, proposals }: PlaceTrainingResult,
  { classes, pause, seed }: TrainingTools,
): Promise<Crop[]> {
  const more = Math.max(2, Math.min(CROPS_PER_PICTURE, Math.floor(CROPS_AT_MOST / pictures.length)));
  const look = async (picture: TrainingPicture, index: number) => {
    const own = { truths: picture.truths, proposals: proposals[index] ?? [] };
    const planned = planCrops(own, { classes: classes.length, more, random: randomNumbers(seed + index) });
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

async function crossFit(
  crops: readonly Crop[],
  { lambda, folds }: { lambda: number; folds: number },
  tools: TrainingTools,
) {
  const scores = new Map<Crop, Float32Array>();
  for (let fold = 0; fold < folds; fold += 1) {
    const head = await train(
      crops.filter((crop) => crop.fold !== fold),
      lambda,
      tools,
    );
    for (const crop of crops) if (crop.fold === fold) scores.set(crop, cropScores(head, crop.feature));
  }
  const judged = [...scores].flatMap(([{ label }, score]) => (label === undefined ? [] : [{ label, score }]));
  const loss = logLoss(
    judged.map(({ score }) => score),
    judged.map(({ label }) => label),
  );
  return { scores, loss };
}

function train(crops: readonly Crop[], lambda: number, { classes, heads, pause }: TrainingTools): Promise<CropHead> {
  const learnt = crops.flatMap(({ label, feature }) => (label === undefined ? [] : [{ label, feature }]));
  const features = learnt.map(({ feature }) => feature);
  const labels = learnt.map(({ label }) => label);
  return trainCropHead({ features, labels, classes: classes.length }, { lambda, kernels: heads, pause });
}
