import type { Outcome } from '../loop/outcome.ts';
import type { CapsState } from '../loop/round.ts';
import { minutes } from './format.ts';

/**
 * The first hard cap that forbids another round, in the order of the rules (hours, images, rounds, deadline), with the sentence part that
 * says so; null when the next round may be paid for. Hours are reserved whole, so the next training's whole reservation must fit.
 */
export function capReached(caps: CapsState, round: number): { outcome: Outcome; reason: string } | null {
  const freeMinutes = caps.capMinutes - caps.settledMinutes;
  if (freeMinutes < caps.nextTrainingHours * 60) {
    const left =
      freeMinutes <= 0
        ? `none of ${minutes(caps.capMinutes)} is left`
        : `only ${minutes(freeMinutes)} of ${minutes(caps.capMinutes)} are left`;
    const reason = `the next training would reserve ${caps.nextTrainingHours} h of compute and ${left}`;
    return { outcome: 'budget-exhausted', reason };
  }
  if (caps.capImages !== null && caps.images >= caps.capImages)
    return { outcome: 'image-limit', reason: `${caps.images} of at most ${caps.capImages} training images are used` };
  if (round >= caps.capRounds)
    return { outcome: 'round-limit', reason: `round ${round} is the last of at most ${caps.capRounds}` };
  return caps.deadlinePassed ? { outcome: 'deadline', reason: 'the loop’s deadline has passed' } : null;
}
