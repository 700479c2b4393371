import type { DecisionSettings } from '../loop/round.ts';
import { twoSampleNoise } from './binomial.ts';
import { asGiven, decimal } from './format.ts';
import { enoughPaired, enoughResampled, enoughTwoSample, pairedGain } from './noise.ts';

/** What is taken before the first round, when nothing is measured yet: 10 % of the verdicts change, and a metric of 0.85. */
const USUAL_CHANGE = 0.1;
const USUAL_METRIC = 0.85;
/** Of a detector: the paired noise of a mean average precision on one image, which falls with the root of their number. */
const USUAL_DETECTION_NOISE = 0.45;

/** An evaluation set before the first round, and what is asked of it. */
export interface Yardstick extends Pick<DecisionSettings, 'margin' | 'target' | 'task'> {
  /** Images. */
  size: number;
  /** Every image of it is predicted each round, so that rounds are compared image by image. */
  predictions: boolean;
}

/** What an evaluation set will be able to see. */
export interface VisibleGain {
  /** The smallest gain that would not be put down to chance, 0–1: the ± of a comparison. */
  gain: number;
  /** Images that would see a gain of the margin; null for a margin of 0, which none would. */
  enough: number | null;
  /** What had to be supposed for it: a part of a sentence. */
  supposing: string;
}

/**
 * The smallest gain between two rounds that an evaluation set can see, before anything is measured. With predictions it supposes that
 * 10 % of the verdicts change, of a detector a paired noise of 0.45/√images; without, two independent samples with a metric at the
 * target (0.85 without one).
 */
export function visibleGain({ size, margin, target, task, predictions }: Yardstick): VisibleGain {
  const atMargin = (enough: (margin: number) => number) => (margin === 0 ? null : enough(margin));
  if (predictions && task === 'detection')
    return {
      gain: USUAL_DETECTION_NOISE / Math.sqrt(size),
      enough: atMargin((least) => enoughResampled(USUAL_DETECTION_NOISE, 1, least)),
      supposing: `a paired noise of ${asGiven(USUAL_DETECTION_NOISE / 10)} on 100 images, which is usual for detectors`,
    };
  if (predictions)
    return {
      gain: pairedGain(USUAL_CHANGE, size),
      enough: atMargin((least) => enoughPaired(USUAL_CHANGE, least)),
      supposing: `that ${USUAL_CHANGE * 100} % of the verdicts change from one round to the other`,
    };
  const metric = target ?? USUAL_METRIC;
  return {
    gain: twoSampleNoise(metric, metric, size),
    enough: atMargin((least) => enoughTwoSample(metric, metric, least)),
    supposing: `a metric of ${decimal(metric)}, and two independent samples since there are no predictions`,
  };
}
