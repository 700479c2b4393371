import { outcomeSentence } from '../decide/outcome-sentence.ts';
import { recommend } from '../decide/recommend.ts';
import { LoopResultSchema } from '../loop/files.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { Vital } from './alive.ts';
import { evaluationSize, readCurve, settingsOf } from './deciding.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop } from './loop-files.ts';
import { writeReport } from './reporting.ts';
import type { FinishInput } from './types.ts';

/** Writes how the loop ended and its report; a second attempt writes the same bytes. */
export async function finishLoop(deps: ActivityDeps, input: FinishInput, { beat }: Vital): Promise<LoopResult> {
  const files = await openLoop(deps.home, input.loop);
  const { folder, spec } = files;
  const { outcome, rounds, images, billedMinutes, unusedImages, endedAt, loop } = input;
  const history = await readCurve(folder, spec, rounds);
  const recommended = recommend(history, settingsOf(spec, await evaluationSize(folder), false));
  const sentence = outcomeSentence({
    outcome,
    metric: spec.metric,
    target: spec.target ?? null,
    patience: spec.patience,
    history,
    recommended,
    rounds,
    images,
    billedMinutes,
    caps: {
      capMinutes: Math.floor(spec.caps.hours * 60),
      capImages: spec.caps.images ?? null,
      capRounds: spec.caps.rounds,
    },
  });
  const noted = input.note ? `${sentence} Ended ${input.note}.` : sentence;
  const result: LoopResult = {
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
  beat('writing the report');
  await writeReport(files, result);
  await folder.writeJsonOnce('outcome.json', result);
  // What an earlier end wrote, as after a Reset in the Temporal UI, would have been refused above.
  return (await folder.readRecord('outcome.json', LoopResultSchema)) ?? result;
}
