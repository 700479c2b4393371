import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StoredImage } from '../loop/round.ts';

/** A COCO dataset for classification in the form that the vision API reads: ids are 1…n, no boxes. */
export interface CocoDataset {
  images: { id: number; width: number; height: number; file_name: string; coco_url: string }[];
  annotations: { id: number; image_id: number; category_id: number }[];
  categories: { id: number; name: string }[];
}

/**
 * The COCO dataset of stored images: image `n` and its annotation have the id `n` in the order given, categories
 * the order of `classes`; `coco_url` is the image's `file:` address.
 * @param set.imagesDir absolute path of the folder that holds the images.
 * @throws RangeError when an image's class is not among `classes`.
 */
export function toCoco(set: {
  images: readonly StoredImage[];
  classes: readonly string[];
  imagesDir: string;
}): CocoDataset {
  const categoryIds = new Map(set.classes.map((name, at) => [name, at + 1]));
  return {
    images: set.images.map((image, at) => ({
      id: at + 1,
      width: image.width,
      height: image.height,
      file_name: image.file,
      coco_url: pathToFileURL(join(set.imagesDir, image.file)).href,
    })),
    annotations: set.images.map((image, at) => ({
      id: at + 1,
      image_id: at + 1,
      category_id: idOf(image.className, categoryIds),
    })),
    categories: set.classes.map((name, at) => ({ id: at + 1, name })),
  };
}

function idOf(className: string, categoryIds: ReadonlyMap<string, number>): number {
  const id = categoryIds.get(className);
  if (id === undefined)
    throw new RangeError(`an image has the class ${JSON.stringify(className)}, which the set does not have`);
  return id;
}
