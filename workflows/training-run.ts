import type { ImageSet } from '../activities/types.ts';
import type { ModelReason } from '../loop/model-reason.ts';
import { hoursLeft } from './budget.ts';
import type { LoopContext } from './context.ts';
import type { Dataset } from './registering.ts';
import { LoopEnd } from './waiting.ts';

/** The trainings on a round's images, or on a part of the first round's: model names are counted by the workflow, and rise only after the service reported an end. */
export interface TrainingRun {
  set: ImageSet;
  dataset: Dataset;
  /** The part of the round, 0–1; absent for the whole. */
  share?: number;
  /** Whole compute hours that these trainings leave to others. */
  keepFree?: number;
  attempts: number;
  billedMinutes: number;
  /** Trainings since the last answer that failed by the service's own fault. */
  faults: number;
  /** Whole compute hours that a training needs after the ones before had too few; absent while none had. */
  raisedHours?: number;
  /** The dataset was registered once more because the service did not know it. */
  registeredAgain?: boolean;
  /** Why the next model name is allowed; absent for the first one. */
  because?: ModelReason;
}

/** Trainings that have not begun. */
export function newRun(of: Pick<TrainingRun, 'set' | 'dataset' | 'share' | 'keepFree'>): TrainingRun {
  return { ...of, attempts: 0, billedMinutes: 0, faults: 0 };
}

/** The name of a run’s latest model. */
export function modelName({ input, state }: LoopContext, { set, attempts }: TrainingRun): string {
  return `${input.spec.name}-r${state.round}-${set.nameHash}-${attempts}`;
}

/** Whole compute hours that a training is given where the caps allow. */
export function wantedHours({ input }: LoopContext, { suggestedHours }: Pick<ImageSet, 'suggestedHours'>): number {
  return input.spec.training.hours ?? suggestedHours;
}

/** Whole compute hours that one training may have: the operator's limit for one, inside what is left in total. */
export function allowedHours({ state, input }: LoopContext, { keepFree = 0 }: TrainingRun): number {
  return Math.min(input.spec.training.hours ?? Number.POSITIVE_INFINITY, hoursLeft(state.budget) - keepFree);
}

/**
 * Whole compute hours for the next training, inside what is allowed.
 * @throws LoopEnd `budget-exhausted` when that is less than the training needs.
 */
export function trainingHours(ctx: LoopContext, run: TrainingRun): number {
  const { set, raisedHours = 0 } = run;
  const wanted = Math.max(wantedHours(ctx, set), raisedHours);
  const hours = Math.min(allowedHours(ctx, run), wanted);
  if (hours < 1 || hours < Math.min(wanted, set.minimumHours)) throw new LoopEnd('budget-exhausted');
  return hours;
}
