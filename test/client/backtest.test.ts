import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { syntheticCsv } from '../backtest/synthetic.ts';
import { missingFrom } from '../support/missing.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finishedLoop, RECORD, RESULT } from './loop-on-disk.ts';
import { inProcess } from './run-cli.ts';

const BENCH = fileURLToPath(new URL('../../bench/decisions.ts', import.meta.url));
const POLICIES = ['forecast', 'thresholds', 'a1', 'a3', 'b2', 'b3', 'c', 'd10'];
const ROUNDS = 'images,metric\n48,0.6\n96,0.7\n192,0.82\n300,0.83\n';
let home: string;

async function put(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}

/** Runs the benchmark as npm does. */
async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = promisify(execFile)(process.execPath, [BENCH, ...args]);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

beforeAll(async () => {
  home = await temporaryFolder();
});

describe('deltaloop backtest on past rounds', () => {
  it('tells step by step what each policy would have done, and what it would have saved', async () => {
    const path = await put('mine.csv', ROUNDS);
    const { code, stdout } = await inProcess(['backtest', path, '--target', '0.8', '--seeds', '2'], { home });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('What was really done: 48 → 96 → 192 → 300 images.');
    expect(stdout).toContain('d10 where bootstraps of it do (docs/decisions-measured.md');
    expect(stdout).toContain('4 rounds, 300 images. Target 0.80; at most 1,200 images');
    expect(stdout).toContain('No cap is known; 1,200 images, 4 times the largest, is supposed (--cap-images).');
    for (const policy of POLICIES) expect(stdout).toMatch(new RegExp(`^${policy} \\(.+\\)\n  48`, 'm'));
    expect(stdout).toContain('48 → 96 → 192 images, claimed the target at 0.82');
    expect(stdout).toContain('With the luck of 2 other evaluation sets');
  });

  it('prints the same as one document', async () => {
    const path = await put('mine.csv', ROUNDS);
    const asked = ['--target', '0.8', '--cap-images', '400', '--eval-images', '200', '--json'];
    const { stdout } = await inProcess(['backtest', path, ...asked], { home });
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      schemaVersion: 1,
      target: 0.8,
      evaluationImages: 200,
      caps: { images: 400, rounds: 20 },
    });
    expect(document.policies.map(({ policy }: { policy: string }) => policy)).toEqual(POLICIES);
    expect(document.policies[0].draws.runs).toBe(20);
  });

  it('knows the target, the rounds and the parts of a loop from its folder', async () => {
    const folder = await finishedLoop(home, { ...RESULT, loop: 'grown' });
    for (const [round, images, metric] of [
      [2, 18, 0.6],
      [3, 36, null],
      [4, 72, 0.9],
    ] as const)
      await folder.writeJsonOnce(`rounds/${round}/record.json`, { ...RECORD, round, images, metric });
    await folder.writeJsonOnce('rounds/1/subsets.json', {
      schemaVersion: 1,
      points: [{ share: 0.5, images: 5, model: 'grown-part', metric: 0.4, billedMinutes: 1 }],
      notes: [],
    });
    await folder.writeJsonOnce('rounds/4/decision.json', {
      input: { settings: { evaluationImages: 80 }, perClass: {} },
      decision: { round: 4, sentence: '', warnings: [], realGain: true },
    });
    const { code, stdout } = await inProcess(['backtest', 'grown', '--json'], { home });
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ history: 'Loop grown', target: 0.85, evaluationImages: 80 });
    expect(document).toMatchObject({ outcome: 'target-reached', caps: { images: 288, rounds: 20 } });
    expect(document.curve.map(({ images }: { images: number }) => images)).toEqual([5, 9, 18, 72]);
  });

  it('refuses a loop of too few rounds, a missing target and what is neither loop nor file', async () => {
    await finishedLoop(home);
    const path = await put('mine.csv', ROUNDS);
    for (const [args, why] of [
      [['colours'], 'Loop colours has a metric at 1 number of images; a curve needs at least 3'],
      [[path], `deltaloop backtest ${path} --target 0.9`],
      [[path, '--target', '0'], 'no number above 0'],
      [[join(home, 'nowhere')], 'Name a loop'],
      [[path, '--target', '2'], 'no number above 0 and up to 1'],
      [[path, '--eval-images', '0'], 'no whole number from 1'],
    ] as const) {
      const { code, stdout, stderr } = await inProcess(['backtest', ...args], { home });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(why);
    }
  });

  it('tells every problem of a file at once', async () => {
    const path = await put('bad.jsonl', '{"images":0,"metric":0.5}\n{"images":5,"metric":7}\nnope\n');
    const { code, stderr } = await inProcess(['backtest', path, '--target', '0.8'], { home });
    expect(code).toBe(2);
    expect(
      missingFrom(stderr, [
        'line 1: images is 0',
        'line 2: metric is 7',
        'line 3: is not JSON',
        '→ Write one round a line',
      ]),
    ).toEqual([]);
  });
});

describe('deltaloop backtest on curves', () => {
  it('prints one row a policy with its intervals, and says how it was measured', async () => {
    const path = await put('curves.csv', syntheticCsv());
    const { code, stdout } = await inProcess(['backtest', path, '--eval-images', '200'], { home });
    expect(code).toBe(0);
    expect(stdout).toContain(
      '6 curves of 3 data sets, 1 run of each target; new evaluation images at every look, 200 of them.',
    );
    for (const policy of POLICIES) expect(stdout).toMatch(new RegExp(`^\\| ${policy}: .* \\[[^\\]]+\\]`, 'm'));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(160);
    expect(stdout).toMatch(/^\| metric now +\| [0-9]+ +\| 0\.\d{3}/m);
  });

  it('tells every problem of a file at once', async () => {
    const path = await put('bad.csv', 'curve_id,dataset,n0,n,metric_value\na,,10,x,0.5\nb,set,10,20,3\n');
    const { code, stderr } = await inProcess(['backtest', path], { home });
    expect(code).toBe(2);
    expect(
      missingFrom(stderr, [
        'line 2: dataset is empty',
        'line 2: n is "x"',
        'line 3: metric_value is "3"',
        '→ Mend these lines',
      ]),
    ).toEqual([]);
  });
});

describe('npm run bench:decisions', () => {
  it('prints both tables where a frozen evaluation set is asked for, of the policies and curves asked for', async () => {
    const path = await put('curves.csv', syntheticCsv());
    const asked = ['--frozen-eval', '--policies', 'a1,b2', '--curve-limit', '3', '--seeds', '2', '--json'];
    const { code, stdout } = await bench('--curves', path, ...asked);
    expect(code).toBe(0);
    const { tables } = JSON.parse(stdout);
    expect(tables).toMatchObject([
      { looks: 'independent', curves: 3, datasets: 3, seeds: 2, evaluationImages: 500 },
      { looks: 'shared', rows: [{ policy: 'a1', runs: 24 }, { policy: 'b2' }], coverage: null },
    ]);
  });

  it('refuses with exit code 2 what it cannot use, and says why', async () => {
    const path = await put('curves.csv', syntheticCsv());
    for (const [args, why] of [
      [[], "required option '--curves <file>'"],
      [['--curves', join(home, 'nowhere.csv')], 'npm run bench:decisions -- --curves FILE'],
      [['--curves', path, '--policies', 'a1,z9'], 'There is no policy z9; there are: forecast, thresholds, a1'],
    ] as const) {
      const { code, stdout, stderr } = await bench(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(why);
    }
  });
});
