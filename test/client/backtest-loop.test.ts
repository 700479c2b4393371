import { beforeEach, describe, expect, it } from 'vitest';
import { claimFolder } from '../../client/loop-identity.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { type LoopSpecInput, LoopSpecSchema } from '../../loop/spec.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { RECORD } from './loop-on-disk.ts';
import { inProcess } from './run-cli.ts';

const SPEC: LoopSpecInput = {
  name: 'grown',
  classes: ['red', 'green', 'blue'],
  collector: { kind: 'pool', path: '/pool' },
  evaluation: { path: '/evaluation' },
  target: 0.85,
};
const SIZES = [48, 96, 192, 384];
const METRICS = [0.6, 0.74, 0.83, 0.86];
let home: string;

interface Grown {
  spec?: Partial<LoopSpecInput>;
  evaluationImages?: number | null;
  poolImages?: number;
}

/** The folder of a loop of four rounds. */
async function grown({ spec, evaluationImages = 400, poolImages }: Grown = {}): Promise<void> {
  const folder = LoopFolder.at(home, 'grown');
  await claimFolder(folder, LoopSpecSchema.parse({ ...SPEC, ...spec }));
  for (const [at, images] of SIZES.entries())
    await folder.writeJsonOnce(`rounds/${at + 1}/record.json`, {
      ...RECORD,
      round: at + 1,
      images,
      metric: METRICS[at],
    });
  await folder.writeJsonOnce('rounds/4/decision.json', {
    input: { settings: { evaluationImages }, perClass: { red: 128, green: 128, blue: 128 } },
    decision: { round: 4, sentence: '', warnings: [], realGain: true },
  });
  if (poolImages !== undefined) await folder.writeJsonOnce('pool.json', pool(poolImages));
}

function pool(images: number) {
  const entry = (at: number) => ({
    path: `/pool/red/${at}.png`,
    name: `red/${at}.png`,
    className: 'red',
    sha256: `${at}`.padStart(64, '0'),
  });
  return {
    schemaVersion: 1,
    source: '/pool',
    classes: ['red', 'green', 'blue'],
    findings: [],
    images: Array.from({ length: images }, (_, at) => entry(at)),
  };
}

/** What a policy would have done in that loop. */
async function replayed(policy: string) {
  const { code, stdout } = await inProcess(['backtest', 'grown', '--json'], { home });
  expect(code).toBe(0);
  return JSON.parse(stdout).policies.find((each: { policy: string }) => each.policy === policy);
}

beforeEach(async () => {
  home = await temporaryFolder();
});

describe('replaying a loop with its own settings', () => {
  it('claims with the confidence of its spec', async () => {
    await grown({ spec: { target: 0.8 } });
    expect(await replayed('forecast')).toMatchObject({ end: 'claim', measured: 0.83 });
    home = await temporaryFolder();
    await grown({ spec: { target: 0.8, forecast: { confidence: 0.99 } } });
    expect((await replayed('forecast')).sizes.length).toBeGreaterThan(3);
  });

  it('grows as its spec says, under both of its policies', async () => {
    await grown({ spec: { delta: { kind: 'fixed', imagesPerClass: 16 } } });
    for (const policy of ['forecast', 'thresholds'])
      expect((await replayed(policy)).sizes.slice(0, 3)).toEqual([48, 96, 144]);
  });

  it('grows as each policy does where its spec does not say', async () => {
    await grown();
    expect((await replayed('forecast')).sizes.slice(0, 3)).toEqual([48, 96, 192]);
    expect((await replayed('thresholds')).sizes.slice(0, 3)).toEqual([48, 78, 126]);
  });

  it('prices rounds as its spec does: free images make few rounds, free training makes many', async () => {
    await grown({ spec: { prices: { image: 0, trainingHour: 10 } } });
    const few = await replayed('forecast');
    home = await temporaryFolder();
    await grown({ spec: { prices: { image: 10, trainingHour: 0 } } });
    const many = await replayed('forecast');
    expect(many.wanted ?? many.sizes.at(-1)).toBeLessThan(few.wanted ?? few.sizes.at(-1));
  });
});

describe('what a replayed loop could have', () => {
  it('is no more than its pool, which is said', async () => {
    await grown({ poolImages: 400, spec: { target: 0.99 } });
    const { stdout } = await inProcess(['backtest', 'grown'], { home });
    expect(stdout).toContain('at most 400 images and 20 rounds');
    expect(stdout).toContain('The pool holds 400 images: no policy can have more (--cap-images).');
  });

  it('is its cap on images where that is less than the pool', async () => {
    await grown({ poolImages: 600, spec: { caps: { images: 500, rounds: 7 } } });
    const { stdout } = await inProcess(['backtest', 'grown'], { home });
    expect(stdout).toContain('at most 500 images and 7 rounds');
    expect(stdout).not.toContain('The pool holds');
  });

  it('is no evaluation set where there was none: the hold-out’s metric has no other luck to draw', async () => {
    await grown({ evaluationImages: null });
    const { stdout } = await inProcess(['backtest', 'grown'], { home });
    expect(stdout).toContain('the metric of a hold-out.');
    expect(stdout).toContain('There is no evaluation set');
    expect(stdout).not.toContain('With the luck of');
    const supposed = await inProcess(['backtest', 'grown', '--eval-images', '300'], { home });
    expect(supposed.stdout).toContain('With the luck of 20 other evaluation sets');
  });

  it('needs a target: a loop without one is refused with the command to type', async () => {
    await grown({ spec: { target: undefined } });
    const { code, stderr } = await inProcess(['backtest', 'grown'], { home });
    expect(code).toBe(2);
    expect(stderr).toContain('Loop grown has no target');
    expect(stderr).toContain('→ Suppose one, above 0 and up to 1: deltaloop backtest grown --target 0.9');
  });
});
