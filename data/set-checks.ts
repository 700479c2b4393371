import type { Finding } from '../loop/finding.ts';
import { classesOf, type Labelled } from '../loop/labels.ts';
import type { ClassCounts } from '../loop/round.ts';
import { CLASS_RATIO } from '../loop/training-set.ts';
import type { Quotas } from './quotas.ts';

/** What a dataset is for; balance is advised for training only. */
export type Purpose = 'training' | 'evaluation';

/** Guidance of the vision service's documentation: "ideally ≥ 800×600". */
const GOOD_SIZE = { long: 800, short: 600 };
/** Sides beyond 5 : 1 lose most of the picture when a model scales it to a square (judgement). */
const EXTREME_ASPECT = 5;

interface Shaped {
  name: string;
  width: number;
  height: number;
}

/** Images per class, zero where a class has none; in the order of `classes`. An image counts for every class that it shows. */
export function countPerClass(images: readonly Labelled[], classes: readonly string[]): ClassCounts {
  const counts = new Map(classes.map((name) => [name, 0]));
  for (const name of images.flatMap(classesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Numbers of classes and images against the quotas, and the balance of a training set. */
export function checkCounts(
  images: readonly Labelled[],
  options: { purpose: Purpose; quotas: Quotas; classes: readonly string[] },
): Finding[] {
  const { quotas, purpose, classes } = options;
  const counts = Object.entries(countPerClass(images, classes));
  return [
    ...classCount(classes.length, quotas),
    ...imageCount(images.length, quotas),
    ...counts.flatMap(([name, count]) => tooFew({ name, count, least: quotas.minImagesPerClass, purpose })),
    ...(purpose === 'training' ? imbalance(counts) : []),
  ];
}

/** Warnings on the sizes of images: one for all that are small, one each for extreme shapes. */
export function checkShapes(images: readonly Shaped[], purpose: Purpose): Finding[] {
  return [
    ...lowResolution(images, purpose),
    ...images.filter((image) => aspect(image) > EXTREME_ASPECT).map(extremeAspect),
  ];
}

function classCount(count: number, quotas: Quotas): Finding[] {
  if (count >= quotas.minClasses && count <= quotas.maxClasses) return [];
  const rule = `the vision service takes ${quotas.minClasses} to ${quotas.maxClasses}`;
  const message = `there are ${count} classes; ${rule}`;
  return [{ severity: 'error', code: 'class-count', where: 'classes', message, fix: 'Add or remove classes.' }];
}

function imageCount(count: number, quotas: Quotas): Finding[] {
  if (count <= quotas.maxImages) return [];
  const message = `there are ${count} images; the vision service takes at most ${quotas.maxImages}`;
  return [{ severity: 'error', code: 'image-count', where: 'images', message, fix: 'Use fewer images.' }];
}

function tooFew(found: { name: string; count: number; least: number; purpose: Purpose }): Finding[] {
  const { name, count, least, purpose } = found;
  if (count >= least) return [];
  const message = `the class ${JSON.stringify(name)} has ${count} usable images; ${purpose} needs at least ${least} per class`;
  const fix = `Add at least ${least - count} more of that class.`;
  return [{ severity: 'error', code: 'class-too-small', where: name, message, fix }];
}

function imbalance(counts: readonly [string, number][]): Finding[] {
  const sorted = counts.filter(([, count]) => count > 0).sort(([, a], [, b]) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most[1] <= CLASS_RATIO * least[1]) return [];
  const message = `${JSON.stringify(most[0])} has ${most[1]} images and ${JSON.stringify(least[0])} ${least[1]}; advised is at most ${CLASS_RATIO} : 1`;
  const fix = `Add images of ${JSON.stringify(least[0])}.`;
  return [{ severity: 'warning', code: 'class-imbalance', where: least[0], message, fix }];
}

function lowResolution(images: readonly Shaped[], purpose: Purpose): Finding[] {
  const small = images.filter(isSmall).sort((a, b) => a.width * a.height - b.width * b.height);
  const [smallest] = small;
  if (!smallest) return [];
  const example = `the smallest, ${smallest.name}, has ${smallest.width}×${smallest.height}`;
  const message = `${small.length} of ${images.length} ${purpose} images are below ${GOOD_SIZE.long}×${GOOD_SIZE.short} pixels; ${example}`;
  const fix = 'Prefer larger pictures where there are any; small ones are used all the same.';
  return [{ severity: 'warning', code: 'image-low-resolution', where: smallest.name, message, fix }];
}

function isSmall(image: Shaped): boolean {
  const { width, height } = image;
  return Math.max(width, height) < GOOD_SIZE.long || Math.min(width, height) < GOOD_SIZE.short;
}

function aspect(image: Shaped): number {
  return Math.max(image.width, image.height) / Math.min(image.width, image.height);
}

function extremeAspect(image: Shaped): Finding {
  const message = `the image has ${image.width}×${image.height} pixels, sides beyond ${EXTREME_ASPECT} : 1`;
  return { severity: 'warning', code: 'image-aspect', where: image.name, message, fix: 'Crop it to what matters.' };
}
