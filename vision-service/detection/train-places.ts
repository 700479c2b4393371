import { randomNumbers } from '../../loop/random.ts';
import { shuffledIndexes } from '../training/random.ts';
import { Adam } from './adam.ts';
import type { HeadPart } from './graphs.ts';
import type { DetectionKernels, PlaceBatch } from './kernels.ts';
import { byPart, type HeadSize, type PlaceHead, partShapes } from './place-head.ts';
import type { PlaceSamples } from './place-samples.ts';
import { type Scaling, unscaled } from './place-scaling.ts';

/** How a place head is trained. */
export interface PlaceRecipe {
  hidden: number;
  steps: number;
  /** Weight decay. */
  decay: number;
}

/** Places a step. Small steps, and many of them, did better than the reverse at the same cost. */
const BATCH = 256;
const RATE = 5e-3;
/** Of the class and the sides beside the object; the slope of a side is at most a tenth. */
const CLASS_WEIGHT = 0.5;
const SIDES_WEIGHT = 10;

export interface PlaceTraining {
  recipe: PlaceRecipe;
  classes: number;
  scaling: Scaling;
  seed: number;
  kernels: DetectionKernels;
  /** Awaited between steps: gives way to other work, and throws to stop. */
  pause: () => Promise<void>;
}

/**
 * Trains a place head by Adam with a rate that falls as a cosine.
 *
 * @param samples rows as `scaleRows` left them
 * @param chosen positions of the samples to learn from
 */
export async function trainPlaceHead(
  samples: PlaceSamples,
  chosen: readonly number[],
  { recipe, classes, scaling, seed, kernels, pause }: PlaceTraining,
): Promise<PlaceHead> {
  const random = randomNumbers(seed);
  const size = { features: samples.features, hidden: recipe.hidden, classes };
  const head = firstHead(size, random);
  const adam = new Adam(head.numbers);
  const draw = drawing(samples, chosen, { classes, random });
  for (let step = 0; step < recipe.steps; step += 1) {
    await pause();
    const rate = (RATE * (1 + Math.cos((Math.PI * step) / recipe.steps))) / 2;
    adam.step(await kernels.slopes(draw(), head), { rate, decay: recipe.decay });
  }
  return unscaled(head, scaling);
}

/** Objects are rare, and their sides some places away. */
const FIRST_BIASES: Partial<Record<HeadPart, number>> = { bObject: -2, bSides: 1 };

/** Random weights as wide as the layer below asks (He et al., 2015). */
function firstHead(size: HeadSize, random: () => number): PlaceHead {
  const shapes = partShapes(size);
  const numbers = byPart((part) => {
    const [rows, columns] = shapes[part];
    if (part.startsWith('b')) return new Float32Array(columns).fill(FIRST_BIASES[part] ?? 0);
    const width = Math.sqrt((part === 'wHidden' ? 6 : 1) / rows);
    return Float32Array.from({ length: rows * columns }, () => (random() * 2 - 1) * width);
  });
  return { size, numbers };
}

/** Draws batches without repeating a place before all had their turn. */
function drawing(
  samples: PlaceSamples,
  chosen: readonly number[],
  { classes, random }: { classes: number; random: () => number },
): () => PlaceBatch {
  const count = Math.min(BATCH, chosen.length);
  const batch = emptyBatch(count, { features: samples.features, classes });
  let order = shuffledIndexes(chosen.length, random);
  let next = 0;
  return () => {
    if (next + count > order.length) {
      order = shuffledIndexes(chosen.length, random);
      next = 0;
    }
    const drawn = order.subarray(next, next + count).map((i) => chosen[i] ?? 0);
    fillBatch(batch, drawn, { samples, classes });
    next += count;
    return batch;
  };
}

function emptyBatch(count: number, { features, classes }: { features: number; classes: number }): PlaceBatch {
  return {
    data: new Float32Array(count * features),
    count,
    isObject: new Float32Array(count),
    objectShares: new Float32Array(count).fill(1 / count),
    isClass: new Float32Array(count * classes),
    trueSides: new Float32Array(count * 4),
    shares: new Float32Array(count),
    sideShares: new Float32Array(count),
  };
}

function fillBatch(
  batch: PlaceBatch,
  chosen: Int32Array,
  { samples, classes }: { samples: PlaceSamples; classes: number },
): void {
  const { features } = samples;
  const objects = chosen.reduce((sum, i) => sum + ((samples.labels[i] ?? -1) >= 0 ? 1 : 0), 0);
  batch.isClass.fill(0);
  for (const [row, i] of chosen.entries()) {
    const label = samples.labels[i] ?? -1;
    batch.isObject[row] = label >= 0 ? 1 : 0;
    batch.shares[row] = label >= 0 ? CLASS_WEIGHT / objects : 0;
    batch.sideShares[row] = label >= 0 ? SIDES_WEIGHT / objects : 0;
    if (label >= 0) batch.isClass[row * classes + label] = 1;
    for (let side = 0; side < 4; side += 1) batch.trueSides[row * 4 + side] = samples.sides[i * 4 + side] ?? 0;
    batch.data.set(samples.rows.subarray(i * features, (i + 1) * features), row * features);
  }
}
