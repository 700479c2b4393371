import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { picture } from '../support/images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { finishedLoop, RECORD, RESULT } from './loop-on-disk.ts';
import { deltaloop, inProcess } from './run-cli.ts';

/** A port on which nothing listens: every command that asks a server is told so. */
const NO_SERVER = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
});

describe('deltaloop', () => {
  it('can be run as a command, and lists its commands and exit codes in --help', async () => {
    await access(new URL('../../bin/deltaloop.ts', import.meta.url), constants.X_OK);
    const { code, stdout } = await deltaloop(['--help'], { home });
    expect(code).toBe(0);
    for (const name of [
      'demo',
      'dev',
      'check',
      'plan',
      'start',
      'list',
      'status',
      'watch',
      'rounds',
      'explain',
      'submit',
      'resolve',
      'pause',
      'resume',
      'stop',
      'backtest',
      'decide',
      'codec',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    for (const exit of ['  0  done', '124  watch timed out', '130  Ctrl-C']) expect(stdout).toContain(exit);
  });

  it.each([
    [[], 'Usage: deltaloop'],
    [['strat'], 'Did you mean start?'],
    [['watch'], "missing required argument 'loop'"],
    [['status', '../etc'], 'It names no loop'],
    [['watch', 'a', '--timeout', 'soon'], 'Write a duration such as'],
    [['resolve', 'a', 'maybe'], 'Allowed choices are retry, skip, stop'],
    [['rounds', 'a', '--md', '--csv'], 'cannot be used with'],
  ])('refuses %j with exit code 2 and says why on stderr', async (args, why) => {
    const { code, stdout, stderr } = await inProcess(args, { home });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
  });

  it('refuses a spec that makes no sense before it looks for a server', async () => {
    const path = join(home, 'bad.yaml');
    await writeFile(path, 'name: colours\ncollecter: {kind: pool}\n');
    const { code, stderr } = await inProcess(['start', path], { home, env: NO_SERVER });
    expect(code).toBe(2);
    expect(stderr).toContain(`${path}:2:1  collecter: unknown key; did you mean collector?`);
  });

  it('refuses a spec whose pool is not there or overlaps the evaluation set, before it looks for a server', async () => {
    const path = join(home, 'places.yaml');
    await mkdir(join(home, 'pool/yardstick'), { recursive: true });
    await writeFile(path, 'name: a\ncollector: {kind: pool, path: pool}\nevaluation: {path: pool/yardstick}\n');
    const overlapping = await inProcess(['start', path], { home, env: NO_SERVER });
    expect(overlapping).toMatchObject({ code: 2, stderr: expect.stringContaining('overlaps the pool') });
    await writeFile(path, 'name: a\ncollector: {kind: pool, path: nowhere}\nevaluation: {path: neither}\n');
    const missing = await inProcess(['start', path], { home, env: NO_SERVER });
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain(`collector.path: ${join(home, 'nowhere')} does not exist`);
    expect(missing.stderr).toContain(`evaluation.path: ${join(home, 'neither')} does not exist`);
  });

  it('says where it looked for a Temporal server, and how to start one', async () => {
    const { code, stdout, stderr } = await deltaloop(['status', 'colours'], { home, env: NO_SERVER });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('There is no Temporal server at 127.0.0.1:1');
    expect(stderr).toContain('deltaloop dev');
  });
});

describe('a finished loop, with no server and no worker', () => {
  let full: string;
  beforeAll(async () => {
    full = await temporaryFolder();
    await finishedLoop(full);
    await finishedLoop(full, { ...RESULT, loop: 'spent', outcome: 'budget-exhausted' });
  });
  const run = (...args: string[]) => inProcess(args, { home: full, env: NO_SERVER });

  it('is shown by status, whose --check exits with the outcome’s code', async () => {
    const shown = await run('status', 'colours');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('target-reached: Target 0.85 reached, after 1 round.');
    expect((await run('status', 'spent', '--check')).code).toBe(6);
  });

  it('is told as one JSON document with a schema version, without colour', async () => {
    const status = JSON.parse((await run('status', 'colours', '--json')).stdout);
    expect(status).toMatchObject({
      schemaVersion: 1,
      status: 'finished',
      progress: { result: RESULT, rounds: [RECORD], classes: [{ name: 'red', have: 3 }, {}, {}] },
    });
    const rounds = JSON.parse((await run('rounds', 'colours', '--json')).stdout);
    expect(rounds).toEqual({
      schemaVersion: 1,
      loop: 'colours',
      target: 0.85,
      caps: { hours: 24, images: null, rounds: 20 },
      metric: 'accuracyTop1',
      rounds: [RECORD],
    });
    const watched = JSON.parse((await run('watch', 'colours', '--json')).stdout);
    expect(watched).toMatchObject({ schemaVersion: 1, status: 'finished' });
  });

  it('is shown by watch, rounds and list', async () => {
    const watched = await run('watch', 'spent');
    expect(watched).toMatchObject({ code: 6, stdout: expect.stringContaining('budget-exhausted: ') });
    expect((await run('rounds', 'colours', '--md')).stdout).toMatch(/^\| round \| images/);
    const list = JSON.parse((await run('list', '--json')).stdout);
    expect(list).toMatchObject({
      schemaVersion: 1,
      server: false,
      loops: [
        { loop: 'colours', state: 'target-reached', metric: 0.875 },
        { loop: 'spent', state: 'budget-exhausted' },
      ],
    });
  });

  it('is never started again: the same spec tells the outcome, another one is refused with what differs', async () => {
    const path = join(full, 'colours.yaml');
    const spec = 'name: colours\ntitle: Which colour?\nclasses: [red, green, blue]\ncollector: {kind: people}\n';
    await writeFile(path, `${spec}target: 0.85\n`);
    expect(await run('start', path)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('has ended; it is not started again'),
    });
    await writeFile(path, `${spec}target: 0.9\n`);
    expect(await run('start', path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('  target: 0.85 → 0.9\n'),
    });
  });

  it('takes no images and no changes', async () => {
    expect(await run('submit', 'colours', full)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has ended (target-reached)'),
    });
    expect(await run('stop', 'colours')).toMatchObject({ code: 2, stderr: expect.stringContaining('has ended') });
  });

  it('with a damaged file is an error that names the file', async () => {
    const damaged = await temporaryFolder();
    const folder = await finishedLoop(damaged);
    await folder.replace('outcome.json', '{"outcome":"perfect"}');
    const { code, stderr } = await inProcess(['status', 'colours'], { home: damaged, env: NO_SERVER });
    expect(code).toBe(1);
    expect(stderr).toContain(join(folder.path, 'outcome.json'));
  });
});

describe('deltaloop check', () => {
  it('finds every problem in one pass, needs no server, and exits with 7; a good set passes', async () => {
    const folder = await temporaryFolder();
    for (const [name, count] of [
      ['red', 2],
      ['blue', 2],
      ['odd', 1],
    ] as const) {
      await mkdir(join(folder, 'pool', name), { recursive: true });
      for (let i = 0; i < count; i += 1)
        await writeFile(join(folder, 'pool', name, `${i}.png`), await picture(name === 'odd' ? 'green' : name, i));
    }
    await mkdir(join(folder, 'yardstick/red'), { recursive: true });
    await writeFile(join(folder, 'yardstick/red/same.png'), await picture('red', 1));
    await writeFile(join(folder, 'pool/odd/broken.jpg'), 'no picture');
    const { code, stdout } = await inProcess(
      ['check', join(folder, 'pool'), '--evaluation', join(folder, 'yardstick'), '--json'],
      { home },
    );
    expect(code).toBe(7);
    const report: { passed: boolean; sets: { purpose: string; findings: { code: string; where: string }[] }[] } =
      JSON.parse(stdout);
    expect(report).toMatchObject({ schemaVersion: 1, passed: false });
    const codes = report.sets[0]?.findings.map((finding) => finding.code);
    expect(codes).toEqual(expect.arrayContaining(['image-type', 'class-too-small', 'leak-exact']));
    expect((await inProcess(['check', join(folder, 'nowhere')], { home })).code).toBe(2);
  });

  it('checks COCO files with boxes with --task detection, and counts each image once', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'scene.png'), await picture('red', 1));
    const box = (id: number, category_id: number, bbox: number[]) => ({ id, image_id: 1, category_id, bbox });
    const coco = (bbox: number[]) =>
      JSON.stringify({
        images: [{ id: 1, file_name: 'scene.png' }],
        annotations: [box(1, 1, [0, 0, 0.5, 0.5]), box(2, 2, bbox)],
        categories: [
          { id: 1, name: 'cat' },
          { id: 2, name: 'dog' },
        ],
      });
    await writeFile(join(folder, 'coco.json'), coco([0.5, 0.5, 0.6, 0.1]));
    const { code, stdout } = await inProcess(['check', join(folder, 'coco.json'), '--task', 'detection'], { home });
    expect(code).toBe(7);
    expect(stdout).toContain('1 readable image');
    expect(stdout).toContain('annotations[1]: the box [0.5,0.5,0.6,0.1] is empty or not inside the image');
    expect(stdout).toContain('class-too-small');
    const refused = await inProcess(['check', folder, '--task', 'detection'], { home });
    expect(refused.stderr).toContain(`is a folder; detection needs boxes`);
    expect(refused.stderr).toContain(join(folder, 'coco.json'));
  });
});
