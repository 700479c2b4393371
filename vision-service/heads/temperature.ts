import { logLoss, softmax } from './linear-head.ts';

const LOWEST = Math.log(1e-3);
const HIGHEST = Math.log(1e3);
const STEPS = 60;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The temperature that makes softmax(logits / T) most likely (Guo et al., "On Calibration of Modern Neural Networks", 2017), by
 * golden-section search over 0.001–1000. 1 when there is nothing to learn it from.
 */
export function fitTemperature(logits: readonly Float64Array[], labels: readonly number[]): number {
  if (logits.length === 0) return 1;
  const lossAt = (log: number) =>
    logLoss(
      logits.map((row) => softmax(row, Math.exp(log))),
      labels,
    );
  let [low, high] = [LOWEST, HIGHEST];
  for (let step = 0; step < STEPS && high - low > 1e-3; step += 1) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (lossAt(left) <= lossAt(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}
