import type { Finding } from '../loop/finding.ts';

interface Compared {
  name: string;
  className: string;
  sha256: string;
  pixelSha256: string;
}

/**
 * Images that stand in the set more than once, by bytes or by decoded pixels: a warning within one class, an error
 * under two classes, for then one of the labels is wrong.
 */
export function checkDuplicates<T extends Compared & { width: number; height: number }>(
  images: readonly T[],
): Finding[] {
  const byPixels = new Map<string, T>();
  const findings: Finding[] = [];
  for (const image of images) {
    const first = byPixels.get(image.pixelSha256);
    if (first === undefined) byPixels.set(image.pixelSha256, image);
    else findings.push(first.className === image.className ? duplicate(first, image) : labelConflict(first, image));
  }
  return findings;
}

/** The finding for one image under two classes. */
export function labelConflict(
  first: { name: string; className: string },
  second: { name: string; className: string },
): Finding {
  return {
    severity: 'error',
    code: 'duplicate-label-conflict',
    where: second.name,
    message: `the same image stands under ${JSON.stringify(second.className)} and, as ${first.name}, under ${JSON.stringify(first.className)}`,
    fix: 'Keep it under the class that is right and remove the other copy.',
  };
}

/** The finding for an image that stands twice in one class; it is used once. */
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
