import { decide, decisionInWords } from '../decide/decide.ts';
import { RecordedDecisionSchema } from '../loop/recorded-decision.ts';
import type { ClassCounts, Decision, DecisionInput, RoundRecord } from '../loop/round.ts';
import { gatherInput } from './decision-input.ts';
import type { ActivityDeps } from './deps.ts';
import { type LoopFiles, openLoop, roundFile } from './loop-files.ts';
import { recordSubsets } from './subsets.ts';
import type { Decided, DecideInput } from './types.ts';

/**
 * Decides what follows a round and records both the inputs and the decision, so that it can be made again. What was decided first counts:
 * a Reset in the Temporal UI hears what people said later before the round, and must not decide otherwise after it.
 */
export async function decideRound(deps: ActivityDeps, input: DecideInput): Promise<Decided> {
  const files = await openLoop(deps.home, input);
  const { folder } = files;
  const recorded = await folder.readRecord(roundFile(input.round, 'decision'), RecordedDecisionSchema);
  const { input: decisionInput, decision } = recorded ?? (await decideAnew(files, input));
  const record = recordOf(input, decisionInput.perClass, decision);
  await folder.writeJsonOnce(roundFile(input.round, 'record'), record);
  return { decision, record };
}

async function decideAnew(files: LoopFiles, input: DecideInput): Promise<RecordedDecision> {
  await recordSubsets(files, input);
  const decisionInput = await gatherInput(files, input);
  const decided = { input: decisionInput, decision: decide(decisionInput) };
  await files.folder.writeJsonOnce(roundFile(input.round, 'decision'), decided);
  return decided;
}

interface RecordedDecision {
  input: DecisionInput;
  decision: Decision;
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
