import { claimFolder } from '../../client/loop-identity.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import type { Forecast } from '../../loop/forecast.ts';
import type { LoopResult } from '../../loop/outcome.ts';
import type { RoundRecord } from '../../loop/round.ts';
import { type LoopSpecInput, LoopSpecSchema } from '../../loop/spec.ts';

export const RECORD: RoundRecord = {
  round: 1,
  images: 9,
  newImages: 9,
  perClass: [3, 3],
  model: 'colours-r1-abc-1',
  metric: 0.875,
  noise: null,
  gain: null,
  comparedWith: null,
  billedMinutes: 2,
  action: 'stop',
  decision: 'stop: target-reached, "at last"',
};

export const RESULT: LoopResult = {
  schemaVersion: 1,
  loop: 'colours',
  outcome: 'target-reached',
  sentence: 'Target 0.85 reached, after 1 round.',
  recommended: { model: 'colours-r1-abc-1', round: 1, images: 9, metric: 0.875, interval: [0.8, 0.93] },
  rounds: 1,
  images: 9,
  billedMinutes: 2,
  unusedImages: 0,
  endedAt: '2026-11-23T12:00:00.000Z',
};

const SPEC: LoopSpecInput = {
  name: 'colours',
  title: 'Which colour?',
  classes: ['red', 'green', 'blue'],
  collector: { kind: 'people' },
  target: 0.85,
};

/** Writes the folder of a finished loop as the worker leaves it. */
export async function finishedLoop(home: string, result: LoopResult = RESULT): Promise<LoopFolder> {
  const folder = LoopFolder.at(home, result.loop);
  await claimFolder(folder, LoopSpecSchema.parse({ ...SPEC, name: result.loop }));
  const decision = {
    input: { settings: { evaluationImages: null }, perClass: { red: 3, green: 3, blue: 3 } },
    decision: {
      round: 1,
      realGain: false,
      sentence: 'Round 1: target 0.85 reached.',
      warnings: ['The metric is the service’s own.'],
    },
  };
  await folder.writeJsonOnce('rounds/1/record.json', RECORD);
  await folder.writeJsonOnce('rounds/1/decision.json', decision);
  await folder.writeJsonOnce('outcome.json', result);
  return folder;
}

/** A finished loop of three rounds, the last decided with this forecast. */
export async function curvedLoop(home: string, loop: string, forecast: Forecast): Promise<void> {
  const folder = await finishedLoop(home, { ...RESULT, loop, rounds: 3 });
  for (const [round, images, metric] of [
    [2, 18, 0.8],
    [3, 40, 0.86],
  ] as const) {
    await folder.writeJsonOnce(`rounds/${round}/record.json`, { ...RECORD, round, images, metric });
    await folder.writeJsonOnce(`rounds/${round}/decision.json`, {
      input: { settings: { evaluationImages: 300 }, perClass: { red: 6, green: 6, blue: 6 } },
      decision: {
        round,
        realGain: true,
        sentence: `Round ${round}.`,
        warnings: [],
        interval: [metric - 0.04, metric + 0.04],
        ...(round === 3 && { forecast }),
      },
    });
  }
}
