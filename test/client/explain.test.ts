import { mkdir, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { LoopFolder } from '../../data/loop-folder.ts';
import { decide } from '../../decide/decide.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { decidedLoop, INPUTS } from './decided-loop.ts';
import { inProcess } from './run-cli.ts';

/** Nothing listens there: explaining asks no server. */
const NO_SERVER = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
let home: string;
const explain = (...args: string[]) => inProcess(['explain', ...args], { home, env: NO_SERVER });

beforeAll(async () => {
  home = await temporaryFolder();
  await decidedLoop(home, 'colours');
});

/** A loop whose second decision was changed after it was made. */
async function editedLoop(loop: string, change: Record<string, unknown>): Promise<LoopFolder> {
  const folder = await decidedLoop(home, loop);
  const [, second] = INPUTS;
  if (second === undefined) throw new Error('there are three rounds');
  const edited = { input: second, decision: { ...decide(second), ...change } };
  await folder.replace('rounds/2/decision.json', JSON.stringify(edited));
  return folder;
}

describe('deltaloop explain', () => {
  it('tells the last decision with the numbers behind it, from the folder alone', async () => {
    const { code, stdout, stderr } = await explain('colours');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('target 0.95 reached; stop: target-reached.');
    expect(stdout).toMatch(/round 2 +36 +0\.850 +0\.799–0\.890 +240 of 240/);
    expect(stdout).toContain('Note: The target 0.95 is claimed by the measured value alone');
    expect(stdout).toMatch(/Recomputed: the same words\.\n$/);
  });

  it('tells of a round why its gain is none, and what each class is to get', async () => {
    const { stdout } = await explain('colours', '2');
    expect(stdout).toMatch(/gain +\+0\.017\n +noise +±0\.050: exact paired test, 24 verdicts changed/);
    expect(stdout).toMatch(/a real gain is +at least 0\.050: the noise/);
    expect(stdout).toMatch(/so this is +not a real gain/);
    expect(stdout).toMatch(/without a gain +1 of 3 rounds in a row/);
    expect(stdout).toMatch(/class +have +collect\n +animal +8 +5/);
  });

  it('gives every recorded value as JSON, of one round or of all', async () => {
    const one = JSON.parse((await explain('colours', '2', '--json')).stdout);
    expect(one).toEqual({
      schemaVersion: 1,
      loop: 'colours',
      round: 2,
      input: JSON.parse(JSON.stringify(INPUTS[1])),
      decision: expect.objectContaining({ round: 2, realGain: false }),
      recomputed: { same: true, differences: [], failure: null },
      journal: [],
    });
    const all = JSON.parse((await explain('colours', '--all', '--json')).stdout);
    expect(all.rounds.map(({ round }: { round: number }) => round)).toEqual([1, 2, 3]);
  });

  it('prints one paragraph a round with --all', async () => {
    const { code, stdout } = await explain('colours', '--all');
    const paragraphs = stdout.trimEnd().split('\n\n');
    expect(code).toBe(0);
    expect(paragraphs).toHaveLength(3);
    for (const paragraph of paragraphs)
      expect(paragraph).toMatch(/^Round \d.*Recomputed: the same words\.(\nNote: .*)*$/);
  });

  it('shows what differs when a file was edited, and exits with 1', async () => {
    await editedLoop('edited', { sentence: 'Round 2: all is well.', delta: { animal: 50 } });
    const { code, stdout, stderr } = await explain('edited', '2');
    expect(code).toBe(1);
    expect(stdout).toContain('Recomputed: 7 fields differ.');
    expect(stdout).toMatch(/sentence\n +recorded +Round 2: all is well\.\n +recomputed +Round 2 against round 1/);
    expect(stdout).toMatch(/delta\.animal\n +recorded +50\n +recomputed +5/);
    expect(stdout).toMatch(/delta\.face\n +recorded +\(absent\)\n +recomputed +5/);
    expect(stderr).toContain('Either another version of deltaloop decided then, or its decision.json was edited since');
    expect(stderr).toContain('deltaloop explain edited 2');
    expect((await explain('edited', '3')).code).toBe(0);
    const all = await explain('edited', '--all', '--json');
    expect(all.code).toBe(1);
    expect(JSON.parse(all.stdout).rounds[1].recomputed.differences).toHaveLength(7);
  });

  it.each([
    [['colours', '7'], 'has no round 7; decided so far: rounds 1–3', 'deltaloop explain colours 3'],
    [['colours', '0'], 'Rounds are numbered 1, 2, 3', ''],
    [['colours', '2', '--all'], 'Give either a round or --all', 'deltaloop explain colours --all'],
    [['colurs'], 'There is no loop colurs', 'Did you mean colours?'],
  ])('refuses %j and says which rounds or loops there are', async (args, why, next) => {
    const { code, stdout, stderr } = await explain(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
    expect(stderr).toContain(next);
  });

  it('tells a round under way from one that does not exist, and a loop that has decided nothing', async () => {
    const folder = await decidedLoop(home, 'running');
    await mkdir(folder.resolve('rounds/4'));
    expect((await explain('running')).stdout).toContain('round 3');
    expect((await explain('running', '4')).stderr).toContain('Round 4 of loop running is not decided yet');
    await mkdir(LoopFolder.at(home, 'fresh').path);
    expect(await explain('fresh')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('deltaloop status fresh'),
    });
  });

  it('names the file of a round that is missing, no JSON or not a decision, and tells the others with --all', async () => {
    const folder = await decidedLoop(home, 'damaged');
    await rm(folder.resolve('rounds/1/decision.json'));
    await folder.replace('rounds/2/decision.json', '{');
    for (const [round, problem] of [
      ['1', 'is missing'],
      ['2', 'is not JSON'],
    ] as const) {
      const { code, stderr } = await explain('damaged', round);
      expect(code).toBe(1);
      expect(stderr).toContain(`Round ${round} of loop damaged cannot be explained`);
      expect(stderr).toContain(`${folder.resolve(`rounds/${round}/decision.json`)} ${problem}`);
      expect(stderr).toContain(`deltaloop explain damaged ${round}`);
    }
    const all = await explain('damaged', '--all');
    expect(all.code).toBe(1);
    expect(all.stdout).toMatch(/^Round 3 against round 1/);
    expect(all.stderr).toContain('Round 1 of');
    expect(all.stderr).toContain('Round 2 of');
  });
});
