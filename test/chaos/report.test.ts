import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { addResult, failedRun, type RunResult, readResults, runLine, summary } from './report.ts';

const RUN: RunResult = {
  seed: 7,
  loops: [{ name: 'chaos-7-a', kind: 'pool', outcome: 'round-limit', answers: ['train ModelGone: retry'] }],
  disturbances: [{ kind: 'kill service', on: 'train', atMs: 1234, result: 'done' }],
  done: { rounds: 2, trainings: 3, further: 1 },
  crashes: [],
  seconds: 9.5,
  problems: [],
  notes: [],
};

it('a run is told in one line, and what is wrong with it below', () => {
  expect(runLine(RUN)).toBe('seed 7: pool round-limit | kill service on train@1.2 | 9.5 s ok');
  const failed = { ...RUN, problems: ['pay once: twice'], evidence: '/kept/seed-7' };
  expect(runLine(failed).split('\n')).toEqual([
    expect.stringMatching(/FAILED$/),
    '  pay once: twice',
    '  evidence: /kept/seed-7',
  ]);
});

it('the summary counts disturbances, ends and answers, and names the seeds that failed', () => {
  const text = summary([RUN, { ...RUN, seed: 8, problems: ['x'] }, failedRun(9, 'no stage')]);
  expect(text).toMatch(/3 runs, 2 failed; seconds a run: median 9.5, longest 9.5/);
  expect(text).toMatch(/checked: 4 decided rounds, 6 trainings, 2 of them after one that came to nothing/);
  expect(text).toMatch(/ 2 {2}kill service/);
  expect(text).toMatch(/ 2 {2}pool: round-limit/);
  expect(text).toMatch(/ 2 {2}train ModelGone: retry/);
  expect(text).toMatch(/failed seeds: 8, 9/);
});

it('a results file is read back, without a line that was torn, and the next one does not grow onto it', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'results.jsonl');
  expect(await readResults(file)).toEqual([]);
  await addResult(file, RUN);
  await writeFile(file, '{"seed": 8, "lo', { flag: 'a' });
  expect(await readResults(file)).toEqual([RUN]);
  await addResult(file, { ...RUN, seed: 9 });
  expect((await readResults(file)).map(({ seed }) => seed)).toEqual([7, 9]);
  await rm(folder, { recursive: true });
});
