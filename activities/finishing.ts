import { writeChecksums } from '../data/checksums.ts';
import { stableJson } from '../data/json.ts';
import { sweepTemporaries } from '../data/temporaries.ts';
import { outcomeSentence } from '../decide/outcome-sentence.ts';
import { recommend } from '../decide/recommend.ts';
import { LoopResultSchema } from '../loop/files.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { Vital } from './alive.ts';
import { capsOf, evaluationSize, readCurve, settingsOf } from './decision-input.ts';
import type { ActivityDeps } from './deps.ts';
import { type LoopFiles, openLoop } from './loop-files.ts';
import { writeReport } from './reporting.ts';
import type { FinishInput } from './types.ts';

/** Writes how the loop ended and its report; a second attempt writes the same bytes. */
export async function finishLoop(deps: ActivityDeps, input: FinishInput, { beat }: Vital): Promise<LoopResult> {
  const files = await openLoop(deps.home, input);
  beat('writing the report and the outcome');
  // What was written first counts: a second attempt, or a Reset in the Temporal UI, changes nothing.
  const written = await files.folder.readRecord('outcome.json', LoopResultSchema);
  const result = written ?? LoopResultSchema.parse(await resultOf(files, input));
  // The outcome comes last: who sees it finds the report as well.
  await writeReport(files, result);
  if (!written) {
    await sweepTemporaries(files.folder.path);
    const outcome = stableJson(result);
    await writeChecksums(files.folder, { 'outcome.json': outcome });
    await files.folder.writeOnce('outcome.json', outcome);
  }
  return result;
}

async function resultOf(files: LoopFiles, input: FinishInput): Promise<LoopResult> {
  const { folder, spec } = files;
  const { outcome, rounds, images, billedMinutes, unusedImages, endedAt, loop } = input;
  const history = await readCurve(files, rounds);
  const recommended = recommend(history, settingsOf(spec, await evaluationSize(folder), false));
  const sentence = outcomeSentence({
    outcome,
    metric: spec.metric,
    target: spec.target ?? null,
    patience: spec.patience,
    policy: spec.policy,
    margin: spec.margin,
    history,
    recommended,
    rounds,
    images,
    billedMinutes,
    caps: capsOf(spec),
  });
  const noted = input.note ? `${sentence} Ended ${input.note}.` : sentence;
  return {
    schemaVersion: 1,
    loop,
    outcome,
    sentence: noted,
    recommended,
    rounds,
    images,
    billedMinutes,
    unusedImages,
    endedAt,
  };
}
