import { foldCount, pictureFolds } from './crossing.ts';
import { LEAST_OBJECT } from './detector.ts';
import { objectPrecision } from './measure.ts';
import { gatherPlaces } from './place-gathering.ts';
import type { PlaceHead } from './place-head.ts';
import type { PlaceSamples } from './place-samples.ts';
import { type Scaling, scaleRows } from './place-scaling.ts';
import { type Proposal, propose } from './propose.ts';
import { type PlaceRecipe, trainPlaceHead } from './train-places.ts';
import { inTurn, type TrainingPicture, type TrainingTools } from './training-parts.ts';

/** Tried in this order; the first is taken where nothing can be held out, or when the budget is used up. */
const RECIPES: readonly [PlaceRecipe, ...PlaceRecipe[]] = [
  { hidden: 128, steps: 500, decay: 0.5 },
  { hidden: 64, steps: 300, decay: 1 },
];

/** Objects: with fewer, a choice between recipes would be chance. */
const ENOUGH_OBJECTS = 60;

/** The place head of all pictures, and for each picture the proposals of a head that had not seen it. */
export interface PlaceTrainingResult {
  head: PlaceHead;
  recipe: PlaceRecipe;
  /** Fold of each picture. */
  folds: number[];
  /** One fold: nothing could be held out, and the proposals come from the head of all pictures. */
  foldCount: number;
  /** Whether there are enough objects for held-out results to tell recipes apart. */
  enoughToChoose: boolean;
  proposals: Proposal[][];
}

interface Work {
  pictures: readonly TrainingPicture[];
  samples: PlaceSamples;
  scaling: Scaling;
  folds: readonly number[];
  enoughToChoose: boolean;
}

/** Cross-fits place heads: one for each fold, with the recipe that does best on the first, then one on everything. */
export async function trainPlaces(
  pictures: readonly TrainingPicture[],
  tools: TrainingTools,
): Promise<PlaceTrainingResult> {
  const samples = await gatherPlaces(pictures, tools);
  const count = foldCount(new Set(pictures.map(({ group }) => group)).size);
  const folds = pictureFolds(pictures, { folds: count, seed: tools.seed });
  const enoughToChoose = pictures.reduce((sum, { truths }) => sum + truths.length, 0) >= ENOUGH_OBJECTS;
  const work = { pictures, samples, scaling: scaleRows(samples), folds, enoughToChoose };
  const { recipe, first } = await chooseRecipe(work, count, tools);
  const proposals = first ?? pictures.map((): Proposal[] => []);
  for (let fold = 1; fold < count; fold += 1) await proposeFold(work, { fold, recipe, proposals }, tools);
  const head = await train(work, { without: undefined, recipe }, tools);
  if (first === undefined) await proposeInto(proposals, { ...work, chosen: () => true, head }, tools);
  return { head, recipe, folds, foldCount: count, enoughToChoose, proposals };
}

/** The recipe that finds the objects of the first fold best, with its proposals there; nothing is tried with one fold only. */
async function chooseRecipe(work: Work, count: number, tools: TrainingTools) {
  if (count < 2) return { recipe: RECIPES[0], first: undefined };
  let best: { recipe: PlaceRecipe; first: Proposal[][]; precision: number } | undefined;
  for (const recipe of RECIPES) {
    if (best !== undefined && (!work.enoughToChoose || !tools.affordable())) break;
    const first = work.pictures.map((): Proposal[] => []);
    await proposeFold(work, { fold: 0, recipe, proposals: first }, tools);
    const held = [...work.folds.keys()].filter((i) => work.folds[i] === 0);
    const precision = objectPrecision(
      held.map((i) => first[i] ?? []),
      held.map((i) => work.pictures[i]?.truths ?? []),
    );
    if (best === undefined || precision > best.precision) best = { recipe, first, precision };
  }
  return best ?? { recipe: RECIPES[0], first: undefined };
}

async function proposeFold(
  work: Work,
  { fold, recipe, proposals }: { fold: number; recipe: PlaceRecipe; proposals: Proposal[][] },
  tools: TrainingTools,
): Promise<void> {
  const head = await train(work, { without: fold, recipe }, tools);
  await proposeInto(proposals, { ...work, chosen: (index) => work.folds[index] === fold, head }, tools);
}

function train(
  { samples, scaling, folds }: Work,
  { without, recipe }: { without: number | undefined; recipe: PlaceRecipe },
  { classes, seed, detection, pause }: TrainingTools,
): Promise<PlaceHead> {
  const chosen = [...samples.labels.keys()].filter((i) => folds[samples.pictures[i] ?? -1] !== without);
  const training = { recipe, classes: classes.length, scaling, seed, kernels: detection, pause };
  return trainPlaceHead(samples, chosen, training);
}

async function proposeInto(
  proposals: Proposal[][],
  { pictures, chosen, head }: Pick<Work, 'pictures'> & { chosen: (index: number) => boolean; head: PlaceHead },
  { detection, pause, most }: TrainingTools,
): Promise<void> {
  const positions = [...pictures.keys()].filter(chosen);
  const own = positions.flatMap((i) => pictures[i] ?? []);
  const options = { head, kernels: detection, most, least: LEAST_OBJECT };
  const look = async (picture: TrainingPicture) => {
    const maps = await picture.maps();
    return propose({ rows: await detection.placeRows(maps), frame: maps.frame }, options);
  };
  for await (const { index, result } of inTurn(own, pause, look)) proposals[positions[index] ?? -1] = result;
}
