import type { Kernels } from '../heads/kernels.ts';
import type { Sight } from './detector.ts';
import type { DetectionKernels } from './kernels.ts';
import type { Truth } from './place-samples.ts';

/** A picture to learn from. */
export interface TrainingPicture extends Sight {
  truths: readonly Truth[];
  /** Pictures of one group are never on both sides of a fold. */
  group: string;
}

/** What every step of a training needs. */
export interface TrainingTools {
  /** Names of the classes, in the order of the labels. */
  classes: readonly string[];
  seed: number;
  /** Boxes of a picture that get a second look. */
  most: number;
  detection: DetectionKernels;
  heads: Kernels;
  /** Awaited between steps: tells how far it is, gives way to other work, and throws to stop. */
  pause: () => Promise<void>;
  /** Whether the budget has something left for another try. */
  affordable: () => boolean;
}

/** Pictures that are worked on side by side: one is decoded while another is inferred. */
const AT_ONCE = 3;

/** What `work` gives for each picture, in their order; it runs for a few of them at once. */
export async function* inTurn<T>(
  pictures: readonly TrainingPicture[],
  pause: () => Promise<void>,
  work: (picture: TrainingPicture, index: number) => Promise<T>,
): AsyncGenerator<{ index: number; picture: TrainingPicture; result: T }> {
  for (let start = 0; start < pictures.length; start += AT_ONCE) {
    await pause();
    const part = pictures.slice(start, start + AT_ONCE);
    // Nothing may go on behind the back of a caller that was told of a failure.
    const outcomes = await Promise.allSettled(part.map((picture, i) => work(picture, start + i)));
    for (const [i, picture] of part.entries()) {
      const outcome = outcomes[i];
      if (outcome?.status === 'rejected') throw outcome.reason;
      if (outcome !== undefined) yield { index: start + i, picture, result: outcome.value };
    }
  }
}
