import { claimFolder } from '../../client/loop-identity.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { decide } from '../../decide/decide.ts';
import type { Decision, DecisionInput } from '../../loop/round.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { input, points, verdictPair } from '../decide/inputs.ts';
import { RECORD } from './loop-on-disk.ts';

const SIZE = 240;
const [FIRST, SECOND] = verdictPair(SIZE, { better: 14, worse: 10, both: 190 });

/** Inputs of three rounds as a worker gathers them: a first one, one that gains too little, and one that reaches the target. */
export const INPUTS: DecisionInput[] = [
  [200 / SIZE],
  [200 / SIZE, 204 / SIZE],
  [200 / SIZE, 204 / SIZE, 230 / SIZE],
].map((metrics) => input({ history: points(metrics, [FIRST, SECOND]) }));

/** Writes the folder of a loop with these rounds decided, as a worker leaves it. */
export async function decidedLoop(home: string, loop: string, inputs = INPUTS): Promise<LoopFolder> {
  const folder = LoopFolder.at(home, loop);
  await claimFolder(folder, LoopSpecSchema.parse({ name: loop, collector: { kind: 'pool', path: '/pool' } }));
  for (const each of inputs) await recordRound(folder, each, decide(each));
  return folder;
}

/** Writes the record of one round. */
async function recordRound(folder: LoopFolder, given: DecisionInput, decision: Decision): Promise<void> {
  await folder.writeJsonOnce(`rounds/${given.round}/decision.json`, { input: given, decision });
  await folder.writeJsonOnce(`rounds/${given.round}/record.json`, { ...RECORD, round: given.round });
}
