import { minimumHours, suggestedHours, type TrainingSize } from '../../vision/capabilities.ts';
import type { ModelKind } from '../../vision/contract.ts';
import { TaskFailure } from './failure.ts';

/** A compute minute is billed for a measured minute, unless a setting says otherwise. */
export const BILLED_MINUTES_PER_SECOND = 1 / 60;

/**
 * Measured compute milliseconds that a budget pays for.
 *
 * @param hours compute hours of the budget
 * @param minutesPerSecond minutes billed for a measured second
 */
export function budgetMs(hours: number, minutesPerSecond: number): number {
  return ((hours * 60) / minutesPerSecond) * 1000;
}

/**
 * Refuses a budget below the documented minimum of the kind, before any image is read. Both are whole hours.
 *
 * @throws {TaskFailure} `notEnoughBudget`, naming the minimum and the suggested hours
 */
export function requireBudget(kind: ModelKind, size: TrainingSize, hours: number): void {
  const minimum = minimumHours(kind, size);
  if (hours >= minimum) return;
  const boxes = kind === 'Product-Recognizer' && size.boxes !== undefined ? ` with ${size.boxes} boxes` : '';
  throw notEnough(`A budget of ${inHours(hours)} is not enough for a ${kind} on ${size.images} images${boxes}`, {
    minimum,
    suggested: suggestedHours(kind, size),
  });
}

/**
 * The failure of a training whose budget was used up before every image was embedded: without that no model sees all data.
 *
 * @param used what was done for how many hours
 */
export function budgetUsedUp(
  used: { hours: number; done: number; total: number },
  { kind, size }: { kind: ModelKind; size: TrainingSize },
): TaskFailure {
  const estimate = Math.ceil((used.hours * used.total) / Math.max(used.done, 1));
  const minimum = Math.max(minimumHours(kind, size), estimate, used.hours + 1);
  return notEnough(
    `The budget of ${inHours(used.hours)} was used up when ${used.done} of ${used.total} images were embedded`,
    { minimum, suggested: Math.max(minimum, suggestedHours(kind, size)) },
  );
}

/** The numbers follow the words `minimum` and `suggested`: clients read them out of the text. */
function notEnough(what: string, { minimum, suggested }: { minimum: number; suggested: number }): TaskFailure {
  return new TaskFailure(
    'notEnoughBudget',
    `${what}: the minimum is ${inHours(minimum)}, suggested is a budget of ${inHours(suggested)}. Train again under a new name with more hours.`,
  );
}

function inHours(hours: number): string {
  return `${hours} ${hours === 1 ? 'hour' : 'hours'}`;
}
