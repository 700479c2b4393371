/** The two-sided 95 % quantile of the normal distribution, as the rules write it. */
export const Z95 = 1.96;

/** Significance level of the paired test. */
const ALPHA = 0.05;

/** With fewer changed verdicts than this, no net change is significant at 5 %: 2 · 0.5⁵ > 0.05 ≥ 2 · 0.5⁶. */
export const FEWEST_CHANGES = 6;

/**
 * The smallest net change |b − c| that the exact two-sided binomial test (McNemar) calls real at 5 % when `changed` = b + c
 * verdicts changed; null when none is. Rules of the loop, "Noise of the comparison".
 */
export function smallestRealNetChange(changed: number): number | null {
  if (changed < FEWEST_CHANGES) return null;
  let logTerm = -changed * Math.LN2;
  let tail = Math.exp(logTerm);
  let heads = changed;
  while (true) {
    // Log space: 0.5^n itself is below the smallest double from about 1,075 changes on.
    logTerm += Math.log(heads) - Math.log(changed - heads + 1);
    const wider = tail + Math.exp(logTerm);
    if (2 * wider > ALPHA) return 2 * heads - changed;
    tail = wider;
    heads -= 1;
  }
}

/**
 * Wilson's 95 % score interval of a proportion, 0–1 (Wilson 1927).
 * @param proportion measured, 0–1
 * @param size images it was measured on, at least 1
 */
export function wilsonInterval(proportion: number, size: number): [number, number] {
  const z2 = Z95 * Z95;
  const centre = (proportion + z2 / (2 * size)) / (1 + z2 / size);
  const spread = (Z95 / (1 + z2 / size)) * Math.sqrt((proportion * (1 - proportion)) / size + z2 / (4 * size * size));
  return [Math.max(0, centre - spread), Math.min(1, centre + spread)];
}

/**
 * Noise of the difference of two independent proportions `p` and `q` (0–1), each on `size` images: 1.96·√(p(1−p)/m + q(1−q)/m). A
 * measured 0 or 1 is no certainty: it counts as half an image off (Jeffreys), which no other proportion comes down to.
 */
export function twoSampleNoise(p: number, q: number, size: number): number {
  const least = (0.5 * (size + 0.5)) / (size + 1) ** 2;
  const variance = (proportion: number) => Math.max(least, proportion * (1 - proportion));
  return Z95 * Math.sqrt((variance(p) + variance(q)) / size);
}
