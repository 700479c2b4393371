import type { Finding } from '../loop/finding.ts';

interface Side {
  name: string;
  sha256: string;
  pixelSha256?: string;
  group?: string;
}

/**
 * Images or groups that stand on both sides of a split (training or pool against evaluation): every one is an error,
 * for a model must never be measured on what it was trained on. Pixels are compared where both sides know them.
 */
export function checkOverlap(images: readonly Side[], other: readonly Side[]): Finding[] {
  const find = overlapFinder(other);
  const groups = new Set<string>();
  return images.flatMap((image) => {
    const found = find(image);
    if (found === undefined) return [];
    if (found.code !== 'group-leak') return [found];
    const seen = groups.has(image.group ?? '');
    groups.add(image.group ?? '');
    return seen ? [] : [found];
  });
}

/** A function that says whether an image, its pixels or its group stand in `other`; the strongest reason counts. */
export function overlapFinder(other: readonly Side[]): (image: Side) => Finding | undefined {
  const bytes = new Map(other.map((each) => [each.sha256, each]));
  const pixels = new Map(
    other.flatMap((each) => (each.pixelSha256 === undefined ? [] : [[each.pixelSha256, each] as const])),
  );
  const groups = new Map(other.flatMap((each) => (each.group === undefined ? [] : [[each.group, each] as const])));
  return (image) => {
    const same = bytes.get(image.sha256);
    if (same) return leak('leak-exact', image, same);
    const alike = image.pixelSha256 === undefined ? undefined : pixels.get(image.pixelSha256);
    if (alike) return leak('leak-pixels', image, alike);
    const together = image.group === undefined ? undefined : groups.get(image.group);
    return together && groupLeak(image, together);
  };
}

/** An evaluation image as the other side of a split, under the name that people know it by. */
export function evaluationSide<T extends { source: string }>(image: T): T & { name: string } {
  return { ...image, name: `${image.source} of the evaluation set` };
}

function leak(code: 'leak-exact' | 'leak-pixels', image: Side, other: Side): Finding {
  const how = code === 'leak-exact' ? 'the same bytes as' : 'other bytes but the same pixels as';
  return {
    severity: 'error',
    code,
    where: image.name,
    message: `the image has ${how} ${other.name}, which stands on the other side of the split`,
    fix: 'Remove it from one of the two sides: evaluation images must never be trained on.',
  };
}

function groupLeak(image: Side, other: Side): Finding {
  return {
    severity: 'error',
    code: 'group-leak',
    where: image.name,
    message: `the group ${JSON.stringify(image.group)} stands on both sides of the split, also with ${other.name}`,
    fix: 'Put all images of a group on one side.',
  };
}
