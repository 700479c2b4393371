import { patched } from '@temporalio/workflow';
import type { SubsetModel, SubsetSet, TrainingSet } from '../activities/types.ts';
import { hoursLeft } from './budget.ts';
import type { LoopContext } from './context.ts';
import { register, trainAndMeasure } from './modelling.ts';
import type { Dataset } from './registering.ts';
import { partOfRound } from './summaries.ts';
import { newRun, type TrainingRun, wantedHours } from './training-run.ts';
import { LoopEnd, RoundSkipped } from './unwinding.ts';

/** What the trainings on parts of a first round came to. */
export interface Subsets {
  models: SubsetModel[];
  /** Sentences on the parts that have no model. */
  notes: string[];
  /** Compute minutes, also of trainings that gave no model. */
  billedMinutes: number;
}

/**
 * Trains and measures the nested parts of the first round, smallest first: points of the curve that cost no images. A part that
 * diverges, or for which the budget has no room beside the whole round, is no point and ends nothing. Null where no parts were wanted.
 * @throws LoopEnd as `train`, but never for the budget.
 */
export async function trainSubsets(ctx: LoopContext, whole: TrainingSet): Promise<Subsets | null> {
  const { subsets = [], withoutSubsets } = whole;
  if (subsets.length === 0 && withoutSubsets === undefined) return null;
  const result: Subsets = { models: [], notes: withoutSubsets === undefined ? [] : [withoutSubsets], billedMinutes: 0 };
  if (subsets.length > 0) await trainAll(ctx, { whole, subsets, result });
  ctx.state.warnings = [...ctx.state.warnings, ...result.notes];
  return result;
}

interface Parts {
  whole: TrainingSet;
  subsets: readonly SubsetSet[];
  result: Subsets;
}

async function trainAll(ctx: LoopContext, { whole, subsets, result }: Parts): Promise<void> {
  const hours = (sets: readonly Pick<TrainingSet, 'suggestedHours'>[]) =>
    sets.reduce((sum, set) => sum + wantedHours(ctx, set), 0);
  const left = hoursLeft(ctx.state.budget);
  if (hours([...subsets, whole]) > left) {
    result.notes.push(
      `No parts of round 1 are trained for the forecast: that takes ${hours(subsets)} compute hours beside the ${hours([whole])} of the round itself, and ${left} are left.`,
    );
    return;
  }
  for (const set of subsets) await trainOne(ctx, { set, keepFree: hours([whole]), result });
}

async function trainOne(
  ctx: LoopContext,
  { set, keepFree, result }: { set: SubsetSet; keepFree: number; result: Subsets },
): Promise<void> {
  const { share, images } = set;
  const dataset = await datasetOrNote(ctx, set);
  if ('note' in dataset) {
    result.notes.push(dataset.note);
    return;
  }
  const run = newRun({ set, dataset, share, keepFree });
  const model = await modelOrNote(ctx, run);
  result.billedMinutes += run.billedMinutes;
  if ('note' in model) result.notes.push(model.note);
  else result.models.push({ share, images, model: model.name, billedMinutes: run.billedMinutes });
}

function training({ images, share }: Pick<SubsetSet, 'images' | 'share'>): string {
  return `The training on ${images} images, ${partOfRound(share)},`;
}

/** A part whose dataset a person skips is left out like one whose training is; the round goes on. */
async function datasetOrNote(ctx: LoopContext, set: SubsetSet): Promise<Dataset | { note: string }> {
  try {
    return await register(ctx, set);
  } catch (error) {
    if (!(error instanceof RoundSkipped) || !patched('skip-part')) throw error;
    return { note: `${training(set)} was left out: ${error.note}.` };
  }
}

async function modelOrNote(ctx: LoopContext, run: TrainingRun): Promise<{ name: string } | { note: string }> {
  const part = training({ images: run.set.images, share: run.share ?? 1 });
  try {
    const name = await trainAndMeasure(ctx, run);
    return name === null ? { note: `${part} learned nothing (diverged); the forecast does without it.` } : { name };
  } catch (error) {
    if (error instanceof RoundSkipped) return { note: `${part} was left out: ${error.note}.` };
    if (!(error instanceof LoopEnd) || error.outcome !== 'budget-exhausted') throw error;
    return { note: `${part} had no room left in the budget beside the whole round; the forecast does without it.` };
  }
}
