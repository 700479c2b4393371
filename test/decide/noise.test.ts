import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallestRealNetChange, twoSampleNoise, wilsonInterval } from '../../decide/binomial.ts';
import { compare } from '../../decide/comparison.ts';
import { enoughPaired, enoughTwoSample, noiseBetween } from '../../decide/noise.ts';
import { points, verdictPair } from './inputs.ts';

/** P(|X − n/2| ≥ net/2) for X ~ Binomial(n, ½), from exact integer coefficients. */
function bruteForceP(changed: number, net: number): number {
  let row = [1n];
  for (let n = 0; n < changed; n += 1) row = [1n, ...row.slice(1).map((value, at) => value + (row[at] ?? 0n)), 1n];
  const extreme = row.reduce((sum, ways, heads) => (Math.abs(2 * heads - changed) >= net ? sum + ways : sum), 0n);
  return Number((extreme * 1_000_000_000n) / (1n << BigInt(changed))) / 1e9;
}

function bruteForceNet(changed: number): number | null {
  for (let net = changed % 2; net <= changed; net += 2) if (net > 0 && bruteForceP(changed, net) <= 0.05) return net;
  return null;
}

const verdictsOf = (size: number) =>
  fc
    .array(fc.constantFrom('0', '1', '1', '1'), { minLength: size, maxLength: size })
    .map((letters) => letters.join(''));
const share = (text: string) => Array.from(text).filter((letter) => letter === '1').length / text.length;

describe('the paired test', () => {
  it('agrees with a brute-force exact binomial test for 0 to 130 changed verdicts', () => {
    for (let changed = 0; changed <= 130; changed += 1)
      expect([changed, smallestRealNetChange(changed)]).toEqual([changed, bruteForceNet(changed)]);
  });

  it('calls nothing real when fewer than six verdicts changed, and needs all six of six', () => {
    expect([0, 1, 2, 3, 4, 5].map(smallestRealNetChange)).toEqual([null, null, null, null, null, null]);
    expect(smallestRealNetChange(6)).toBe(6);
  });

  it('stays close to 1.96·√d for thousands of changes, where 0.5^d is no double any more', () => {
    for (const changed of [1075, 2000, 20_000]) {
      const net = smallestRealNetChange(changed) ?? 0;
      expect(net).toBeGreaterThan(1.96 * Math.sqrt(changed));
      expect(net).toBeLessThanOrEqual(1.96 * Math.sqrt(changed) + 4);
    }
  });

  it('is the smallest real net change over the images, and halves the noise of two samples', () => {
    const [first, second] = verdictPair(240, { better: 14, worse: 6, both: 200 });
    const [one, other] = points([206 / 240, 214 / 240], [first, second]);
    if (one === undefined || other === undefined) throw new Error('two points are needed');
    const noise = noiseBetween(one, other, 240);
    expect(noise).toMatchObject({ kind: 'paired', changed: 20, value: 10 / 240, predicted: 1 });
    expect(noise.value).toBeLessThan(twoSampleNoise(one.metric, other.metric, 240));
  });

  it('takes six images as the noise when fewer than six verdicts changed, so that no such gain is real', () => {
    const [first, second] = verdictPair(100, { better: 5, worse: 0, both: 80 });
    const [one, other] = points([0.8, 0.85], [first, second]);
    if (one === undefined || other === undefined) throw new Error('two points are needed');
    expect(noiseBetween(one, other, 100).value).toBe(0.06);
    expect(compare(one, other, { margin: 0.01, evaluationImages: 100 }).real).toBe(false);
  });

  it('is used with exactly 95 % of the set predicted in both rounds, and not below', () => {
    const full = '1'.repeat(100);
    for (const [missing, kind] of [
      [5, 'paired'],
      [6, 'two-sample'],
    ] as const) {
      const [one, other] = points([0.9, 0.95], [full, '-'.repeat(missing) + '1'.repeat(100 - missing)]);
      if (one === undefined || other === undefined) throw new Error('two points are needed');
      expect(noiseBetween(one, other, 100)).toMatchObject({ kind, predicted: 1 - missing / 100 });
    }
  });

  it('refuses verdicts that do not cover the evaluation set, naming the round', () => {
    const [one, other] = points([0.9, 0.95], ['111', '1111']);
    if (one === undefined || other === undefined) throw new Error('two points are needed');
    expect(() => noiseBetween(one, other, 4)).toThrow('round 1 has 3 verdicts for an evaluation set of 4 images');
  });
});

describe('noise', () => {
  it('is the same whichever round comes first', () => {
    fc.assert(
      fc.property(verdictsOf(60), verdictsOf(60), fc.boolean(), (first, second, predicted) => {
        const [one, other] = points([share(first), share(second)], predicted ? [first, second] : []);
        if (one === undefined || other === undefined) return false;
        return noiseBetween(one, other, 60).value === noiseBetween(other, one, 60).value;
      }),
    );
  });

  it('is 1.96·√(p₁q₁/m + p₂q₂/m) without predictions', () => {
    expect(twoSampleNoise(0.8, 0.8, 500)).toBeCloseTo(0.0496, 4);
    expect(twoSampleNoise(0.9, 0.9, 2000)).toBeCloseTo(0.0186, 4);
  });

  it('never lets a bigger margin turn a non-gain into a gain', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        verdictsOf(50),
        verdictsOf(50),
        fc.record({ margins: fc.tuple(fraction, fraction), held: fc.boolean() }),
        (first, second, { margins, held }) => {
          const [one, other] = points([share(first), share(second)], [first, second]);
          if (one === undefined || other === undefined) return false;
          const [small, large] = margins.toSorted((a, b) => a - b) as [number, number];
          const evaluationImages = held ? null : 50;
          const strict = compare(one, other, { margin: large, evaluationImages });
          return !strict.real || compare(one, other, { margin: small, evaluationImages }).real;
        },
      ),
    );
  });

  it('of the size said to be enough is the margin, within one image', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.005, max: 0.5, noNaN: true }),
        fc.constantFrom(0.005, 0.01, 0.02, 0.05),
        (rate, margin) => {
          const size = enoughPaired(rate, margin);
          const net = smallestRealNetChange(Math.round(rate * size)) ?? 6;
          return net <= margin * size + 1;
        },
      ),
    );
    expect(twoSampleNoise(0.8, 0.82, enoughTwoSample(0.8, 0.82, 0.02))).toBeLessThanOrEqual(0.02);
  });
});

describe('Wilson’s interval', () => {
  it('has the textbook values', () => {
    expect(wilsonInterval(0.5, 10).map((bound) => bound.toFixed(3))).toEqual(['0.237', '0.763']);
    expect(wilsonInterval(1, 20).map((bound) => bound.toFixed(3))).toEqual(['0.839', '1.000']);
    expect(wilsonInterval(0, 20).map((bound) => bound.toFixed(3))).toEqual(['0.000', '0.161']);
  });

  it('always holds the measured value and stays within 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (size, part) => {
        const proportion = Math.round(part * size) / size;
        const [low, high] = wilsonInterval(proportion, size);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(proportion + 1e-12);
        expect(high).toBeGreaterThanOrEqual(proportion - 1e-12);
      }),
    );
  });
});
