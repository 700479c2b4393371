import type { KindQuotas } from '../../vision/capabilities.ts';
import type { CocoImage } from './coco.ts';

export type Purpose = 'training' | 'evaluation';

/**
 * What breaks the quotas of a model kind. Images are counted by address, once for every class that they show; of a class that has no
 * image an evaluation may know, as the published checker allows.
 */
export function quotaProblems(
  { classes, images }: { classes: readonly string[]; images: readonly CocoImage[] },
  { quotas, purpose }: { quotas: KindQuotas; purpose: Purpose },
): string[] {
  const most = purpose === 'training' ? quotas.maxTrainImages : quotas.maxEvaluationImages;
  const problems: string[] = [];
  if (images.length > most) problems.push(`has ${images.length} images, more than ${most}`);
  if (classes.length < quotas.minClasses || classes.length > quotas.maxClasses) {
    const allowed = `between ${quotas.minClasses} and ${quotas.maxClasses}`;
    problems.push(`has ${classes.length} categories; there must be ${allowed}`);
  }
  problems.push(...crowdedImages(images, quotas.maxRegionsPerImage));
  if (purpose === 'training') problems.push(...scarceClasses({ classes, images }, quotas.minTrainImagesPerClass));
  return problems;
}

/** Tags are counted by the parser: a classifier's second tag is a defect of its own. */
function crowdedImages(images: readonly CocoImage[], most: number): string[] {
  return images.flatMap(({ where, marks }) => {
    const boxes = marks.filter(({ box }) => box !== undefined).length;
    return boxes > most ? [`${where} has ${boxes} boxes, more than ${most}`] : [];
  });
}

function scarceClasses(
  { classes, images }: { classes: readonly string[]; images: readonly CocoImage[] },
  least: number,
): string[] {
  const addresses = new Map(classes.map((name) => [name, new Set<string>()]));
  for (const { uri, marks } of images) for (const { className } of marks) addresses.get(className)?.add(uri);
  return [...addresses].flatMap(([name, own]) => {
    if (own.size >= least) return [];
    return [`category "${name}" has ${own.size} annotated images; a training needs at least ${least} different ones`];
  });
}
