import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LoopFolder } from '../../data/loop-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inProcess } from './run-cli.ts';

/** Nothing listens there: planning asks no server. */
const NO_SERVER = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const SETTINGS = 'policy: thresholds\ndelta: {kind: geometric, factor: 1.6}\n';
let home: string;

/** Writes a spec beside the folders; returns its path. */
async function spec(text: string, name = 'loop.yaml'): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}

async function planJson(text: string) {
  const { code, stdout } = await inProcess(['plan', await spec(text), '--json'], { home, env: NO_SERVER });
  return { code, plan: JSON.parse(stdout) };
}

/** Folders of empty image files: a plan lists them and opens none. */
async function folder(name: string, counts: Record<string, number>): Promise<void> {
  for (const [className, count] of Object.entries(counts)) {
    await mkdir(join(home, name, className), { recursive: true });
    for (let i = 0; i < count; i += 1) await writeFile(join(home, name, className, `${i}.png`), '');
  }
}

beforeAll(async () => {
  home = await temporaryFolder();
  await folder('pool', { cat: 40, dog: 30, owl: 2 });
  await folder('yardstick', { cat: 50, dog: 50 });
});

const POOL = `name: pets\ncollector: {kind: pool, path: pool}\nevaluation: {path: yardstick}\n${SETTINGS}`;
const PEOPLE = `name: tiles\nclasses: [cracked, intact]\ncollector: {kind: people}\n${SETTINGS}`;

describe('deltaloop plan', () => {
  it('tells rounds, caps, worst case, evaluation set and budget of a pool, and starts nothing', async () => {
    const path = await spec(`${POOL}classes: [cat, dog]\ntarget: 0.9\n`);
    const { code, stdout, stderr } = await inProcess(['plan', path], { home, env: NO_SERVER });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Begins with 3 images for each of 2 classes');
    expect(stdout).toMatch(/round +images +per class +reserves +hours so far\n +1 +6 +3 +1 h +1 h\n +2 +10 +5/);
    expect(stdout).toContain('What ends it first: images-exhausted after round 7');
    expect(stdout).toMatch(/compute +7 h \(what the rounds reserve at most\)\n +images +70 images/);
    expect(stdout).toMatch(/repeats +trainings that fail .* never goes past 24 h in all \(caps\.hours\)\n/);
    expect(stdout).not.toContain('money');
    expect(stdout).toMatch(/less than ±0\.082 may be chance, supposing that 10 % .* takes about 4,300 images/);
    expect(stdout).toContain('Suggested: 1 hour for 6 images (minimum 1 hour)');
    expect(stdout).toContain('Note: The evaluation set of 100 images is too small to see a gain of 0.01');
    expect(stdout).toContain(`Nothing was started. Next: deltaloop start ${path} --watch`);
    expect(await LoopFolder.at(home, 'pets').exists()).toBe(false);
  });

  it('counts the classes of the pool where the spec names none', async () => {
    const { plan } = await planJson(`name: pets\ncollector: {kind: pool, path: pool}\n${SETTINGS}`);
    expect(plan).toMatchObject({
      schemaVersion: 1,
      classes: ['cat', 'dog', 'owl'],
      firstRound: { images: 9, perClass: { cat: 3, dog: 3, owl: 3 }, parts: [] },
      evaluation: null,
    });
    expect(plan.warnings).toContain('The pool does not hold the first round of every class: owl 2 of 3.');
    expect(plan.warnings.join()).toContain('There is no evaluation set');
  });

  it('says which cap binds first, and cuts the last round to it', async () => {
    const byImages = await planJson(`${PEOPLE}caps: {images: 40}\n`);
    expect(byImages.plan.end).toMatchObject({ outcome: 'image-limit' });
    expect(byImages.plan.rounds.at(-1)).toMatchObject({ images: 40, perClass: [20, 20] });
    const byHours = await planJson(`${PEOPLE}caps: {hours: 4}\n`);
    expect(byHours.plan.end).toMatchObject({ outcome: 'budget-exhausted' });
    expect(byHours.plan).toMatchObject({ worst: { hours: 4 }, budget: { held: false } });
    const byRounds = await planJson(`${PEOPLE}caps: {rounds: 3}\n`);
    expect(byRounds.plan).toMatchObject({ end: { outcome: 'round-limit' }, budget: { held: true } });
  });

  it('refuses what start refuses, in the same words, and an image cap without room for a first round', async () => {
    const wrong = await inProcess(['plan', await spec('name: a\ncollecter: {kind: pool}\n')], { home });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean collector?') });
    const nowhere = await inProcess(['plan', await spec('name: a\ncollector: {kind: pool, path: nowhere}\n')], {
      home,
    });
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('does not exist') });
    const small = `name: a\ncollector: {kind: pool, path: pool}\ncaps: {images: 5}\n${SETTINGS}`;
    const tooSmall = await inProcess(['plan', await spec(small)], { home });
    expect(tooSmall.code).toBe(2);
    expect(tooSmall.stderr).toContain('at least 2 images of each of the 3 classes');
    expect(tooSmall.stderr).toContain('Raise caps.images in the spec to 6 or more.');
    const started = await inProcess(['start', await spec(small)], { home, env: NO_SERVER });
    expect(started).toEqual(tooSmall);
    expect(wrong.stderr).toContain('Mend these lines and type the command again.');
  });

  it('sends to check where a source has problems that would hold the loop up', async () => {
    const { code, plan } = await planJson(`${POOL}classes: [cat, cow]\n`);
    expect(code).toBe(7);
    expect(plan.warnings.join()).toContain(`The pool ${join(home, 'pool')} has 1 problem`);
    expect(plan.warnings.join()).toContain(`The evaluation set ${join(home, 'yardstick')} has 2 problems`);
    expect(plan).toMatchObject({
      passed: false,
      next: `deltaloop check ${join(home, 'pool')} --evaluation ${join(home, 'yardstick')}`,
    });
    await mkdir(join(home, 'empty'), { recursive: true });
    const empty = await inProcess(['plan', await spec('name: a\ncollector: {kind: pool, path: empty}\n')], { home });
    expect(empty).toMatchObject({ code: 7, stderr: expect.stringContaining(`deltaloop check ${join(home, 'empty')}`) });
  });

  it('says of an evaluation set that it has no image of the classes, and exits as check does', async () => {
    await folder('elsewhere', { bus: 5, car: 5 });
    const text = `${POOL}classes: [cat, dog]\n`.replace('path: yardstick', 'path: elsewhere');
    const { code, stdout } = await inProcess(['plan', await spec(text)], { home, env: NO_SERVER });
    expect(code).toBe(7);
    expect(stdout).toContain(`The evaluation set ${join(home, 'elsewhere')} has no image of these classes, so nothing`);
    expect(stdout).toContain('The evaluation set\nIt has no image of these classes.');
    expect(stdout).not.toMatch(/Measures|There is none|too small/);
  });

  it('says how the cap on images cuts the first round', async () => {
    const { code, plan } = await planJson(`${POOL}classes: [cat, dog]\ncaps: {images: 5}\n`);
    expect(code).toBe(0);
    expect(plan.firstRound.perClass).toEqual({ cat: 3, dog: 2 });
    expect(plan.sentences[0]).toContain('Begins with 2–3 images for each of 2 classes');
    expect(plan.warnings).toContain('caps.images (5 images) cuts the first round: 2–3 images per class instead of 3.');
  });

  it('says when the name of the spec is taken', async () => {
    const { decidedLoop } = await import('./decided-loop.ts');
    await decidedLoop(home, 'tiles');
    const { code, plan } = await planJson(PEOPLE);
    expect(code).toBe(0);
    expect(plan.warnings.at(-1)).toContain('The name tiles is taken by a loop with another spec');
  });
});
