import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestedSubsets } from '../../collect/nested-subsets.ts';
import { sha256Of } from '../../data/hash.ts';
import { countPerClass } from '../../data/set-checks.ts';
import type { Labelled } from '../../loop/labels.ts';
import type { StoredImage } from '../../loop/round.ts';

const CLASSES = ['cat', 'dog', 'owl'];

function image(label: Labelled, n: number): StoredImage {
  const sha256 = sha256Of(`image ${n}`);
  return { sha256, pixelSha256: sha256, file: `${sha256}.png`, ...label, width: 64, height: 64 };
}

/** So many images of each class. */
function pictures(...counts: number[]): StoredImage[] {
  const names = counts.flatMap((count, at) => Array.from({ length: count }, () => CLASSES[at] ?? ''));
  return names.map((className, n) => image({ className }, n));
}

const box = (className: string) => ({ className, box: [0.1, 0.1, 0.2, 0.2] as [number, number, number, number] });
const scene = fc.subarray(CLASSES, { minLength: 1 });
const scenes = fc
  .array(scene, { minLength: 1, maxLength: 80 })
  .map((all) => all.map((shown, n) => image({ boxes: shown.map(box) }, n)));

describe('nested parts of a first round', () => {
  it('are a quarter and a half of every class, each within the next, whatever the seed', async () => {
    const whole = pictures(8, 9, 15);
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const [quarter, half] = await nestedSubsets(whole, seed);
        expect(countPerClass(quarter?.images ?? [], CLASSES)).toEqual({ cat: 2, dog: 2, owl: 3 });
        expect(countPerClass(half?.images ?? [], CLASSES)).toEqual({ cat: 4, dog: 4, owl: 7 });
        expect(half?.images).toEqual(expect.arrayContaining(quarter?.images ?? []));
      }),
    );
  });

  it('do not depend on the order of the images', async () => {
    const whole = pictures(12, 12);
    const parts = await nestedSubsets(whole, 1);
    const turned = await nestedSubsets(whole.toReversed(), 1);
    expect(turned.map(({ images }) => images.toReversed())).toEqual(parts.map(({ images }) => images));
    expect(await nestedSubsets(whole, 2)).not.toEqual(parts);
  });

  it('are none when one class would be missing from the quarter', async () => {
    expect(await nestedSubsets(pictures(8, 3), 1)).toEqual([]);
    expect(await nestedSubsets([], 1)).toEqual([]);
  });

  it('keep their share of every class where images show several, and get really smaller', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, fc.nat(), async (whole, seed) => {
        const counts = countPerClass(whole, []);
        const parts = await nestedSubsets(whole, seed);
        fc.pre(parts.length > 0);
        const sizes = [...parts.map(({ images }) => images.length), whole.length];
        expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
        for (const { share, images } of parts) {
          const kept = countPerClass(images, []);
          for (const [name, count] of Object.entries(counts)) {
            expect(kept[name]).toBeGreaterThanOrEqual(Math.max(1, Math.floor(count * share)));
          }
        }
        expect(parts[1]?.images).toEqual(expect.arrayContaining(parts[0]?.images ?? []));
      }),
    );
  });
});
