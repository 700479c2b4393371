import { TaskFailure } from './failure.ts';
import type { Usage } from './protocol.ts';

/** One seed for all: the same images give the same model under any name. */
export const SEED = 1;

/** How a training is stopped and tells what it has used. */
export interface TrainingWatch {
  signal: AbortSignal;
  onUsage: (usage: Usage) => void;
}

/** What a training of any kind learns from, as far as its reports need it. */
interface Learnt {
  name: string;
  images: readonly unknown[];
}

/** What a training has used: compute milliseconds, and how many of its images were not in the cache. */
export function usageOf(used: { computeMs: number; computed: number }, { images }: Learnt): Usage {
  return { computeMs: used.computeMs, embeddingsComputed: used.computed, images: images.length };
}

/** A training that learnt nothing; `reason` is the rest of a sentence. */
export function diverged({ name, images }: Learnt, reason: string): TaskFailure {
  const what = `Nothing was learnt from the ${images.length} images of dataset "${name}"`;
  return new TaskFailure('diverged', `${what}: ${reason}. Check the annotations, or add images.`);
}
