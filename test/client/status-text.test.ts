import { beforeAll, describe, expect, it } from 'vitest';
import { type ListedLoop, listText } from '../../client/list-loops.ts';
import { progressFromFiles } from '../../client/progress-from-files.ts';
import { outcomeText } from '../../client/render-outcome.ts';
import { renderProgress, statusLine } from '../../client/render-progress.ts';
import { wrapParts } from '../../client/text-table.ts';
import type { SplitRow } from '../../loop/forecast.ts';
import type { LoopProgress } from '../../loop/progress.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finishedLoop, RECORD, RESULT } from './loop-on-disk.ts';
import { inProcess } from './run-cli.ts';

const plain = (_tone: string, text: string) => text;

const DETECTOR: LoopProgress = {
  ...progressFromFiles('scenes', undefined, { phase: 'collecting', round: 3, state: 'Collecting.', next: 'Wait.' }),
  metric: 'meanAveragePrecision50',
  target: 0.6,
  evaluationImages: 50,
  images: 1249,
  rounds: [{ ...RECORD, metric: 0.676, gain: 0.177, noise: 0.069, comparedWith: 1 }],
};

describe('the status line', () => {
  it('breaks at its separators, inside the width, and loses nothing', () => {
    const whole = statusLine(DETECTOR);
    for (const width of [60, 80, 100]) {
      const lines = statusLine(DETECTOR, { width }).split('\n');
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      for (const line of lines.slice(0, -1)) expect(line).toMatch(/ ·$/);
      expect(lines.join(' ')).toBe(whole);
    }
  });

  it('breaks a part only where it is longer than a line', () => {
    expect(wrapParts(['one two', 'three four five'], 10)).toBe('one two ·\nthree four\nfive');
  });
});

describe('the classes of a loop', () => {
  const row = (className: string, performance: number | null, collect: number): SplitRow => ({
    className,
    have: 8,
    performance,
    noise: performance === null ? null : 0.213,
    collect,
  });
  const progress = {
    ...DETECTOR,
    classes: ['cat', 'dog', 'owl'].map((name) => ({ name, have: 8, need: 2 })),
  };

  it('show what each was worth and how much was asked of it, no more of them than allowed', () => {
    const split = { round: 2, measure: 'AP50', rows: [row('cat', 0.351, 16), row('dog', null, 0)] };
    const text = renderProgress(progress, { style: plain, split, maxClasses: 2 });
    expect(text).toContain(
      [
        '  class  have  need  AP50         asked',
        '  cat       8     2  0.35 ± 0.21     16',
        '  dog       8     2  –                0',
        '  and 1 more',
        '  AP50: of round 2’s model, ± half of its 95 % interval; asked: images for round 3.',
      ].join('\n'),
    );
  });

  it('show no performance where none was measured, and a dash for a class that the split does not know', () => {
    const split = { round: 2, measure: 'recall', rows: [row('cat', null, 3)] };
    const text = renderProgress(progress, { style: plain, split });
    expect(text).toContain('  class  have  need  asked\n  cat       8     2      3\n  dog       8     2      –');
    expect(text).not.toContain('recall');
  });
});

describe('how a loop ended', () => {
  it('names the images that people handed in for nothing, and nothing where there are none', () => {
    expect(outcomeText({ ...RESULT, unusedImages: 285 }, plain)).toContain('\n285 images were handed in and not used.');
    expect(outcomeText(RESULT, plain)).not.toContain('handed in');
  });

  it('marks a claim and a metric that rest on the hold-out metric', () => {
    const recommended = { model: 'm', round: 1, images: 9, metric: 0.875, interval: null };
    const claimed = outcomeText({ ...RESULT, recommended }, plain);
    expect(claimed).toContain('target-reached (hold-out): Target 0.85 reached');
    expect(claimed).toContain('metric 0.875 (hold-out))');
    expect(outcomeText({ ...RESULT, outcome: 'deadline', recommended }, plain)).toContain('deadline: ');
    expect(outcomeText(RESULT, plain)).not.toContain('hold-out');
  });

  it('stays inside the width', () => {
    for (const line of outcomeText({ ...RESULT, unusedImages: 285 }, plain, 40).split('\n'))
      expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('the list of loops', () => {
  const listed: ListedLoop = {
    loop: 'pets',
    title: 'pets',
    state: 'target-reached',
    round: 3,
    metric: 0.91,
    holdOut: false,
    target: 0.9,
    needsPerson: false,
    unusedImages: 0,
    startedAt: '2026-11-23T12:00:00.000Z',
  };

  it('marks hold-out metrics and tells below whose images were not used', () => {
    const text = listText([listed, { ...listed, loop: 'tiles', holdOut: true, unusedImages: 1 }]);
    expect(text).toContain('0.910 (hold-out)');
    expect(text.split('\n').find((line) => line.includes('pets'))).not.toContain('hold-out');
    expect(text).toMatch(/\n\ntiles: 1 image was handed in and not used\.$/);
  });
});

describe('deltaloop status and list', () => {
  let home: string;

  beforeAll(async () => {
    home = await temporaryFolder();
    const folder = await finishedLoop(home, { ...RESULT, rounds: 2, unusedImages: 285 });
    const split: SplitRow[] = [{ className: 'red', have: 3, performance: 0.5, noise: 0.1, collect: 7 }];
    await folder.writeJsonOnce('rounds/2/record.json', { ...RECORD, round: 2 });
    await folder.writeJsonOnce('rounds/2/decision.json', {
      input: { settings: { evaluationImages: null }, perClass: { red: 3, green: 3, blue: 3 } },
      decision: { round: 2, realGain: false, sentence: 'Round 2.', warnings: [], split },
    });
  });

  const run = (args: string[]) => inProcess(args, { home, env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });

  it('take the split, the unused images and the hold-out mark from the loop’s folder', async () => {
    const { stdout } = await run(['status', 'colours']);
    expect(stdout).toContain('0.50 ± 0.10      7');
    expect(stdout).toContain('285 images were handed in and not used.');
    expect(stdout).toMatch(/^round .*accuracyTop1 \(hold-out\)/m);
    expect((await run(['rounds', 'colours', '--md'])).stdout).toContain('| accuracyTop1 (hold-out) |');
    const list = await run(['list']);
    expect(list.stdout).toContain('0.875 (hold-out)');
    expect(list.stdout).toContain('colours: 285 images were handed in and not used.');
    expect(JSON.parse((await run(['list', '--json'])).stdout).loops).toMatchObject([
      { loop: 'colours', holdOut: true, unusedImages: 285 },
    ]);
  });
});
