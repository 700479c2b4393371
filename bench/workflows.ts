import { proxyActivities } from '@temporalio/workflow';

export { loop } from '../workflows/loop.ts';

/** Payload sizes of one activity, bytes. */
export interface StepSize {
  input: number;
  result: number;
}

/** What the empty activity takes: filler of the wanted size, and how much to give back. */
export interface EmptyInput {
  filler: string;
  result: number;
}

export interface BareActivities {
  empty(input: EmptyInput): Promise<string>;
}

/** Bytes of the JSON around the filler. */
const AROUND = JSON.stringify({ filler: '', result: 100 }).length;

const { empty } = proxyActivities<BareActivities>({ startToCloseTimeout: '1m' });

/** What a loop is measured against: as many activities a round, one after another, with payloads as large, and nothing else. */
export async function bare(rounds: StepSize[][]): Promise<void> {
  for (const { input, result } of rounds.flat()) {
    await empty({ filler: 'x'.repeat(Math.max(0, input - AROUND)), result });
  }
}
