/** Probability that a standard normal number is below `z`: Abramowitz & Stegun 26.2.17, absolute error below 7.5e-8. */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - tail : tail;
}

const BEYOND = 8;

/** The standard normal quantile of a probability, kept within ±8; found by halving, to 1e-9. */
export function normalQuantile(probability: number): number {
  let [low, high] = [-BEYOND, BEYOND];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
