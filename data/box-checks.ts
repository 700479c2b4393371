import type { Finding } from '../loop/finding.ts';
import type { Labelled, RelativeBox } from '../loop/labels.ts';
import type { Quotas } from './quotas.ts';
import type { Purpose } from './set-checks.ts';

/** Guidance of the vision service's documentation: at least 40×20 pixels on 1920×1080. */
const SMALL = { width: 40 / 1920, height: 20 / 1080 };

type Boxed = Labelled & { name: string };

/** Images with more boxes than the service takes (errors), and small boxes (one warning for all). Nothing without boxes. */
export function checkBoxes(
  images: readonly Boxed[],
  { quotas, purpose }: { quotas: Quotas; purpose: Purpose },
): Finding[] {
  const crowded = images.filter(({ boxes = [] }) => boxes.length > quotas.maxBoxes);
  return [...crowded.map((image) => tooMany(image, quotas.maxBoxes)), ...smallBoxes(images, purpose)];
}

function tooMany({ name, boxes = [] }: Boxed, most: number): Finding {
  const message = `the image has ${boxes.length} boxes; the vision service takes at most ${most}`;
  const fix = 'Cut the picture into several, or annotate fewer objects.';
  return { severity: 'error', code: 'box-count', where: name, message, fix };
}

function smallBoxes(images: readonly Boxed[], purpose: Purpose): Finding[] {
  const all = images.flatMap(({ name, boxes = [] }) => boxes.map(({ box }) => ({ name, box })));
  const small = all.filter(({ box }) => isSmall(box)).sort((a, b) => areaOf(a.box) - areaOf(b.box));
  const [least] = small;
  if (least === undefined) return [];
  const [, , width, height] = least.box;
  const rule = `below about ${percent(SMALL.width)} × ${percent(SMALL.height)} of the image’s sides`;
  const message = `${small.length} of ${all.length} ${purpose} boxes are ${rule}; the smallest, in ${least.name}, has ${percent(width)} × ${percent(height)}`;
  const fix = 'Prefer pictures from nearer; what is so small is rarely found. The boxes are used all the same.';
  return [{ severity: 'warning', code: 'box-small', where: least.name, message, fix }];
}

function isSmall([, , width, height]: RelativeBox): boolean {
  return width < SMALL.width || height < SMALL.height;
}

function areaOf([, , width, height]: RelativeBox): number {
  return width * height;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
