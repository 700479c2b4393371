import type { Task } from '../loop/metrics.ts';
import type { ClassCounts, DecisionSettings } from '../loop/round.ts';

/** Growth where δ comes from the forecast and there is none yet: its first points then lie far enough apart to show a slope. */
export const GROWTH_WITHOUT_FORECAST = 2;

/** Images of all classes together. */
export function totalOf(counts: ClassCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Cuts `need` to at most `room` images in all, fairly: no class gets more than another that is still short, beyond one image. What does
 * not divide goes to the classes with the fewest images so far, then in the order of their names.
 */
export function cutToRoom(need: ClassCounts, room: number, have: ClassCounts = {}): ClassCounts {
  const left = Math.max(0, Math.floor(room));
  if (totalOf(need) <= left) return { ...need };
  const classes = Object.keys(need);
  const share = (level: number) => Object.fromEntries(classes.map((name) => [name, Math.min(need[name] ?? 0, level)]));
  let level = 0;
  for (let high = left; level < high; ) {
    const middle = Math.ceil((level + high) / 2);
    if (totalOf(share(middle)) <= left) level = middle;
    else high = middle - 1;
  }
  const cut = share(level);
  let rest = left - totalOf(cut);
  const order = classes.toSorted((one, other) => (have[one] ?? 0) - (have[other] ?? 0) || (one < other ? -1 : 1));
  for (const name of order) {
    if (rest === 0) break;
    if ((need[name] ?? 0) <= level) continue;
    cut[name] = level + 1;
    rest -= 1;
  }
  return cut;
}

/** What the first round asks for: `imagesPerClass` (N) of every class, cut to the image cap (null = none). */
export function firstNeed(classes: string[], imagesPerClass: number, capImages: number | null): ClassCounts {
  const need = Object.fromEntries(classes.map((name) => [name, imagesPerClass]));
  return capImages === null ? need : cutToRoom(need, capImages);
}

/**
 * What the first round asks of every class: N, at least the service's minimum, inside the cap on images; boxed images may each count
 * for all classes. Null where the cap leaves a class without the minimum.
 */
export function firstRoundNeed(
  { task, imagesPerClass, capImages }: { task: Task; imagesPerClass: number; capImages: number | null },
  classes: string[],
  minimum: number,
): ClassCounts | null {
  const wanted = Math.max(imagesPerClass, minimum);
  const need =
    task === 'detection'
      ? firstNeed(classes, Math.min(wanted, capImages ?? wanted), null)
      : firstNeed(classes, wanted, capImages);
  return Object.values(need).every((count) => count >= minimum) ? need : null;
}

/** New images of a class that has `have` of them: `fixed` the same again; `geometric` up to max(n + 1, round(n · factor)). */
function growthOf(have: number, delta: DecisionSettings['delta']): number {
  if (delta.kind === 'fixed') return delta.imagesPerClass;
  const factor = delta.kind === 'geometric' ? delta.factor : GROWTH_WITHOUT_FORECAST;
  return Math.max(have + 1, Math.round(have * factor)) - have;
}

/**
 * δ: new images per class for the next round, each class by its own count, the whole cut to the room left under the image cap.
 * @param perClass training images per class now, every class named
 * @param room images that the cap still allows; null without a cap
 */
export function nextDelta(perClass: ClassCounts, delta: DecisionSettings['delta'], room: number | null): ClassCounts {
  const need = Object.fromEntries(Object.entries(perClass).map(([name, have]) => [name, growthOf(have, delta)]));
  return room === null ? need : cutToRoom(need, room, perClass);
}

/**
 * δ of a detector: all classes go for one goal, what the smallest class grows to, and each needs what it lacks of that; what came as
 * a surplus counts. Classes that could not give what they were asked for do not hold the goal back. The image cap cuts the draw, not
 * the need, since an image counts for every class that it shows.
 * @param perClass images that show each class now, every class named
 * @param ranShort classes that could not give what the last round asked
 */
export function nextDetectionDelta(
  perClass: ClassCounts,
  delta: DecisionSettings['delta'],
  ranShort: readonly string[] = [],
): ClassCounts {
  const able = Object.entries(perClass).filter(([name]) => !ranShort.includes(name));
  const counts = (able.length > 0 ? able : Object.entries(perClass)).map(([, have]) => have);
  const smallest = Math.min(...counts);
  const goal = smallest + growthOf(smallest, delta);
  return Object.fromEntries(Object.entries(perClass).map(([name, have]) => [name, Math.max(0, goal - have)]));
}
