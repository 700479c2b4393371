import type { ClassCounts } from '../loop/round.ts';
import { plural, whole } from './format.ts';

/** How many images classes have, or are asked for: `3`, or `2–3` where they differ. */
export function perClassRange(perClass: ClassCounts): string {
  const counts = Object.values(perClass);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? whole(least) : `${whole(least)}–${whole(most)}`;
}

/**
 * Said at the start where the cap on images leaves a first round less than it asks for; nothing where it does not.
 * @param need images per class of the first round, cut to the cap
 * @param wanted images per class without a cap
 */
export function cutWarning(need: ClassCounts, wanted: number, capImages: number | null): string[] {
  if (capImages === null || Object.values(need).every((count) => count >= wanted)) return [];
  return [
    `caps.images (${plural(capImages, 'image')}) cuts the first round: ${perClassRange(need)} images per class instead of ${whole(wanted)}.`,
  ];
}
