import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut } from '../../collect/share-out.ts';

const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat({ max: 30 }), { minKeys: 1 });

describe('sharing out what a class could not give', () => {
  it('fills up the smallest classes first', () => {
    expect(shareOut({ lack: 3, have: { a: 4, b: 5, c: 6 }, left: { b: 9, c: 9 } })).toEqual({ b: 2, c: 1 });
  });

  it('stops at the balance of 1 : 2', () => {
    expect(shareOut({ lack: 10, have: { a: 3, b: 5 }, left: { b: 9 } })).toEqual({ b: 1 });
    expect(shareOut({ lack: 10, have: { a: 0, b: 5 }, left: { b: 9 } })).toEqual({});
  });

  it('never gives more than is lacking or left, and never leaves the balance by it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 60 }), counts, counts, (lack, have, left) => {
        const share = shareOut({ lack, have, left });
        const given = Object.values(share).reduce((sum, count) => sum + count, 0);
        expect(given).toBeLessThanOrEqual(lack);
        const after = Object.entries(have).map(([name, count]) => [name, count + (share[name] ?? 0)] as const);
        const least = Math.min(...after.map(([, count]) => count));
        for (const [name, count] of Object.entries(share)) {
          expect(count).toBeLessThanOrEqual(left[name] ?? 0);
          expect((have[name] ?? 0) + count).toBeLessThanOrEqual(2 * least);
        }
        const open = after.filter(([name, count]) => (left[name] ?? 0) > (share[name] ?? 0) && count + 1 <= 2 * least);
        if (given < lack) expect(open).toEqual([]);
      }),
    );
  });
});
