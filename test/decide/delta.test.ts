import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToRoom, firstNeed, nextDelta, totalOf } from '../../decide/delta.ts';

const counts = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 400 }), {
  minKeys: 1,
  maxKeys: 12,
  noNullPrototype: true,
});

describe('geometric δ', () => {
  it('grows 3, 5, 8, 13, 21, 34 images per class at factor 1.6', () => {
    const seen = [3];
    for (let round = 0; round < 5; round += 1) {
      const have = seen.at(-1) ?? 0;
      seen.push(have + (nextDelta({ cat: have }, { kind: 'geometric', factor: 1.6 }, null)['cat'] ?? 0));
    }
    expect(seen).toEqual([3, 5, 8, 13, 21, 34]);
  });

  it('always asks every class for at least one image more', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 1.0001, max: 10, noNaN: true }), (have, factor) => {
        const delta = nextDelta(have, { kind: 'geometric', factor }, null);
        expect(Object.keys(delta).toSorted()).toEqual(Object.keys(have).toSorted());
        expect(Math.min(...Object.values(delta))).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('grows each class by its own count', () => {
    expect(nextDelta({ cat: 10, dog: 3 }, { kind: 'geometric', factor: 2 }, null)).toEqual({ cat: 10, dog: 3 });
  });
});

describe('fixed δ', () => {
  it('asks for the same number of every class again', () => {
    expect(nextDelta({ cat: 10, dog: 3 }, { kind: 'fixed', imagesPerClass: 4 }, null)).toEqual({ cat: 4, dog: 4 });
  });
});

describe('the cut to the image cap', () => {
  it('never exceeds the room, uses all of it, and splits it within one image', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 3000 }), counts, (need, room, have) => {
        const cut = cutToRoom(need, room, have);
        expect(totalOf(cut)).toBe(Math.min(room, totalOf(need)));
        const short = Object.keys(need).filter((name) => (cut[name] ?? 0) < (need[name] ?? 0));
        const least = Math.min(...short.map((name) => cut[name] ?? 0));
        for (const [name, asked] of Object.entries(need)) {
          expect(cut[name]).toBeLessThanOrEqual(asked);
          if (short.length > 0) expect((cut[name] ?? 0) - least).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('gives what does not divide to the classes with the fewest images', () => {
    expect(nextDelta({ cat: 9, dog: 5, fox: 7 }, { kind: 'fixed', imagesPerClass: 4 }, 8)).toEqual({
      cat: 2,
      dog: 3,
      fox: 3,
    });
  });

  it('holds for the first round too', () => {
    expect(firstNeed(['cat', 'dog'], 3, null)).toEqual({ cat: 3, dog: 3 });
    expect(firstNeed(['cat', 'dog'], 3, 5)).toEqual({ cat: 3, dog: 2 });
  });
});
