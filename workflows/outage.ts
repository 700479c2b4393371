import type { Timings } from './messages.ts';
import { instant } from './summaries.ts';

/** The vision service has not answered for so long that people were told. */
export interface Outage {
  /** Epoch milliseconds of the first try without an answer. */
  since: number;
  tries: number;
  /** What the last try met. */
  message: string;
  /** How often people were told. */
  told: number;
}

/** After so many doublings the time between two notices stays as it is: with 15 minutes to begin with, 4 hours. */
const DOUBLINGS = 4;

/**
 * How long a step may go without an answer of the service before it tells, milliseconds. It doubles with every notice, so that
 * hours of outage cost a handful of events.
 */
export function outagePatienceMs(outage: Outage | undefined, { outageMs }: Pick<Timings, 'outageMs'>): number {
  return outageMs * 2 ** Math.min(outage?.told ?? 0, DOUBLINGS);
}

/** An outage in two sentences. */
export function outageWords({ since, tries, message }: Outage): string {
  return `The vision service has not answered since ${instant(since)}; tried ${tries} times. Last: ${message}.`;
}
