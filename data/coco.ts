import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RelativeBox } from '../loop/labels.ts';
import type { StoredImage } from '../loop/round.ts';

/** A COCO dataset in the form that the vision API reads: ids are 1…n; for detection with boxes, relative to the image's sides. */
export interface CocoDataset {
  images: { id: number; width: number; height: number; file_name: string; coco_url: string }[];
  annotations: { id: number; image_id: number; category_id: number; bbox?: RelativeBox }[];
  categories: { id: number; name: string }[];
}

/**
 * The COCO dataset of stored images: image `n` has the id `n` in the order given, annotations follow the order of
 * images and boxes, categories that of `classes`; `coco_url` is the image's `file:` address.
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
    annotations: set.images
      .flatMap((image, at) => labelsOf(image).map((label) => ({ ...label, image_id: at + 1 })))
      .map(({ className, bbox, image_id }, at) => ({
        id: at + 1,
        image_id,
        category_id: idOf(className, categoryIds),
        ...(bbox === undefined ? {} : { bbox }),
      })),
    categories: set.classes.map((name, at) => ({ id: at + 1, name })),
  };
}

function labelsOf({ className, boxes }: StoredImage): { className: string; bbox?: RelativeBox }[] {
  if (boxes !== undefined) return boxes.map((each) => ({ className: each.className, bbox: each.box }));
  return className === undefined ? [] : [{ className }];
}

function idOf(className: string, categoryIds: ReadonlyMap<string, number>): number {
  const id = categoryIds.get(className);
  if (id === undefined)
    throw new RangeError(`an image has the class ${JSON.stringify(className)}, which the set does not have`);
  return id;
}
