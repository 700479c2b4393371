import { datasetFailure } from './failure.ts';

/**
 * Positions of a model's classes by their names.
 *
 * @param dataset what the model is measured on, with the names that occur in it
 * @throws {TaskFailure} `datasetAnnotationsInvalid` naming every one that the model does not know
 */
export function knownClasses(
  classes: readonly string[],
  { name, used }: { name: string; used: Iterable<string> },
): (className: string) => number {
  const positions = new Map(classes.map((className, index) => [className, index]));
  const unknown = [...new Set(used)].filter((className) => !positions.has(className));
  if (unknown.length > 0) {
    const problems = unknown.map((className) => `category "${className}" is not a class of the model`);
    throw datasetFailure('datasetAnnotationsInvalid', name, problems);
  }
  return (className) => positions.get(className) ?? -1;
}
