import {
  averagePrecisions,
  type FoundBox,
  matchImage,
  matchTable,
  meanAveragePrecision,
  type TrueBox,
} from '../../loop/detection-metric.ts';
import type { ModelPerformance } from '../../loop/metrics.ts';

/** Every metric of a detector; all 0–1. */
export type DetectorPerformance = ModelPerformance & {
  meanAveragePrecision30: number;
  meanAveragePrecision50: number;
  meanAveragePrecision75: number;
};

/**
 * The metrics that the vision API reports for a detector, all 0–1, equal to those of the package vision-evaluation 0.2.14: the
 * mean average precision at an intersection over union of 0.30, 0.50 and 0.75, and the average precision at 0.50 by class. As in
 * the package, a class that is found but nowhere in the truth has 0 and lowers the means; a class that is in neither is left out.
 *
 * @param found for each image, what the detector found; boxes relative to width and height of the image, labels class indices
 * @param truths for each image, in the same order, what is there; the same units
 * @param classes names of the classes
 * @throws {RangeError} when the numbers of images differ
 */
export function detectionPerformance(
  found: readonly (readonly FoundBox[])[],
  truths: readonly (readonly TrueBox[])[],
  classes: readonly string[],
): DetectorPerformance {
  if (found.length !== truths.length) {
    throw new RangeError(
      `${found.length} images have found boxes and ${truths.length} have true ones; give both for each`,
    );
  }
  const tableAt = (iou: number) => matchTable(found.map((boxes, image) => matchImage(boxes, truths[image] ?? [], iou)));
  const half = tableAt(0.5);
  return {
    meanAveragePrecision30: meanAveragePrecision(tableAt(0.3)),
    meanAveragePrecision50: meanAveragePrecision(half),
    meanAveragePrecision75: meanAveragePrecision(tableAt(0.75)),
    tagPerformance: tagPerformance(averagePrecisions(half), classes),
  };
}

/** Average precision by name, of the classes that were found or are there. */
function tagPerformance(byClass: ReturnType<typeof averagePrecisions>, classes: readonly string[]) {
  const entries = classes.flatMap((name, index) => {
    const averagePrecision50 = byClass.get(index);
    return averagePrecision50 === undefined ? [] : [[name, { averagePrecision50 }] as const];
  });
  return Object.fromEntries(entries);
}
