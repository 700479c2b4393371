import type { Finding } from '../loop/finding.ts';
import { type Labelled, sameLabel } from '../loop/labels.ts';

interface Compared extends Labelled {
  name: string;
  sha256: string;
  pixelSha256: string;
}

/**
 * Images that stand in the set more than once, by bytes or by decoded pixels: a warning under one label, an error
 * under two (another class, or other boxes), for then one of the labels is wrong.
 */
export function checkDuplicates<T extends Compared & { width: number; height: number }>(
  images: readonly T[],
): Finding[] {
  const byPixels = new Map<string, T>();
  const findings: Finding[] = [];
  for (const image of images) {
    const first = byPixels.get(image.pixelSha256);
    if (first === undefined) byPixels.set(image.pixelSha256, image);
    else findings.push(sameLabel(first, image) ? duplicate(first, image) : labelConflict(first, image));
  }
  return findings;
}

/** The finding for one image under two classes, or with two sets of boxes. */
export function labelConflict(first: Labelled & { name: string }, second: Labelled & { name: string }): Finding {
  if (second.boxes !== undefined) {
    const message = `the same image has other boxes as ${first.name}`;
    const fix = 'Put all of its boxes at one copy and remove the other.';
    return { severity: 'error', code: 'duplicate-label-conflict', where: second.name, message, fix };
  }
  return {
    severity: 'error',
    code: 'duplicate-label-conflict',
    where: second.name,
    message: `the same image stands under ${JSON.stringify(second.className)} and, as ${first.name}, under ${JSON.stringify(first.className)}`,
    fix: 'Keep it under the class that is right and remove the other copy.',
  };
}

/** The finding for an image that stands twice under one label; it is used once. */
export function duplicate(first: { name: string; sha256: string }, second: { name: string; sha256: string }): Finding {
  const bytes = first.sha256 === second.sha256;
  return {
    severity: 'warning',
    code: bytes ? 'duplicate-exact' : 'duplicate-pixels',
    where: second.name,
    message: `the image is the same as ${first.name} (${bytes ? 'same bytes' : 'other bytes, same pixels'})`,
    fix: 'Nothing to do: it counts once. Remove one copy to be rid of this warning.',
  };
}
