import { type Rows, rowAt } from './rows.ts';

const LOWEST = Math.log(1e-3);
const HIGHEST = Math.log(1e3);
const STEPS = 60;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The temperature that makes softmax(logits / T) most likely (Guo et al., "On Calibration of Modern Neural Networks", 2017), by
 * golden-section search over 0.001–1000. 1 when there is nothing to learn it from.
 *
 * @param logits one row an image
 * @param labels true class of each image
 */
export function fitTemperature(logits: Rows, labels: readonly number[]): number {
  if (logits.count === 0) return 1;
  let [low, high] = [LOWEST, HIGHEST];
  for (let step = 0; step < STEPS && high - low > 1e-3; step += 1) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (lossAt(logits, labels, Math.exp(left)) <= lossAt(logits, labels, Math.exp(right))) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/** Sum of the negative log-likelihoods, nats. */
function lossAt(logits: Rows, labels: readonly number[], temperature: number): number {
  let loss = 0;
  for (let i = 0; i < logits.count; i += 1) {
    const row = rowAt(logits, i);
    let highest = Number.NEGATIVE_INFINITY;
    for (const value of row) highest = Math.max(highest, value);
    let total = 0;
    for (const value of row) total += Math.exp((value - highest) / temperature);
    loss += Math.log(total) - ((row[labels[i] ?? 0] ?? 0) - highest) / temperature;
  }
  return loss;
}
