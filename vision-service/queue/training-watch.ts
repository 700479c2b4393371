import type { Usage } from './protocol.ts';

/** One seed for all: the same images give the same model under any name. */
export const SEED = 1;

/** How a training is stopped and tells what it has used. */
export interface TrainingWatch {
  signal: AbortSignal;
  onUsage: (usage: Usage) => void;
}
