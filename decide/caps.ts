import type { Outcome } from '../loop/outcome.ts';
import type { CapsState } from '../loop/round.ts';

/**
 * The first hard cap that forbids another round, in the order of the rules (hours, images, rounds, deadline), with the sentence part that
 * says so; null when the next round may be paid for. Hours are reserved whole, so the next training's whole reservation must fit.
 */
export function capReached(caps: CapsState, round: number): { outcome: Outcome; reason: string } | null {
  const freeMinutes = caps.capMinutes - caps.settledMinutes;
  if (freeMinutes < caps.nextTrainingHours * 60) {
    const reserve = `${caps.nextTrainingHours} ${caps.nextTrainingHours === 1 ? 'hour' : 'hours'}`;
    const reason = `the next training would reserve ${reserve} and only ${Math.max(0, freeMinutes)} of ${caps.capMinutes} compute minutes are left`;
    return { outcome: 'budget-exhausted', reason };
  }
  if (caps.capImages !== null && caps.images >= caps.capImages)
    return { outcome: 'image-limit', reason: `${caps.images} of at most ${caps.capImages} training images are used` };
  if (round >= caps.capRounds)
    return { outcome: 'round-limit', reason: `round ${round} is the last of at most ${caps.capRounds}` };
  return caps.deadlinePassed ? { outcome: 'deadline', reason: 'the loop’s deadline has passed' } : null;
}
