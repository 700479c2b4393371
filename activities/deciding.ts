import { decide, decisionInWords } from '../decide/decide.ts';
import type { ClassCounts, Decision, RoundRecord } from '../loop/round.ts';
import { gatherInput } from './decision-input.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop, roundFile } from './loop-files.ts';
import { recordSubsets } from './subsets.ts';
import type { Decided, DecideInput } from './types.ts';

/** Decides what follows a round and records both the inputs and the decision, so that it can be made again. */
export async function decideRound(deps: ActivityDeps, input: DecideInput): Promise<Decided> {
  const files = await openLoop(deps.home, input);
  const { folder } = files;
  await recordSubsets(files, input);
  const decisionInput = await gatherInput(files, input);
  const decision = decide(decisionInput);
  const record = recordOf(input, decisionInput.perClass, decision);
  await folder.writeJsonOnce(roundFile(input.round, 'decision'), { input: decisionInput, decision });
  await folder.writeJsonOnce(roundFile(input.round, 'record'), record);
  return { decision, record };
}

function recordOf(input: DecideInput, perClass: ClassCounts, decision: Decision): RoundRecord {
  const sizes = Object.values(perClass);
  const { metric, noise, gain, comparedWith, action } = decision;
  return {
    round: input.round,
    images: input.images,
    newImages: input.newImages,
    perClass: [Math.min(...sizes), Math.max(...sizes)],
    model: input.model,
    metric,
    noise,
    gain,
    comparedWith,
    billedMinutes: input.billedMinutes,
    action,
    decision: decisionInWords(decision),
  };
}
