import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openLoop } from '../../activities/loop-files.ts';
import { CliError } from '../../client/cli-error.ts';
import { claimFolder } from '../../client/loop-identity.ts';
import { specDifferences } from '../../client/spec-differences.ts';
import { parseSpec, readSpecFile } from '../../client/spec-file.ts';
import { specJsonSchema } from '../../client/spec-problems.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { canonicalJson, specHash } from '../../data/spec-hash.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { missingFrom } from '../support/missing.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What a start wrote when `thresholds` was the only policy, with the hash that it had then. */
const BEFORE_FORECASTS = {
  schemaVersion: 1,
  instanceId: 'an-instance',
  startedAt: '2026-11-23T12:00:00.000Z',
  specHash: '99ddee57e7d1b9e0635ec0f36150cfab49e3dbcea212df8a2083ec418c205d8a',
  spec: {
    name: 'target-reached',
    task: 'classification',
    collector: { kind: 'pool', path: '/tmp/deltaloop-hIhi1K/pool' },
    evaluation: { path: '/tmp/deltaloop-hIhi1K/evaluation', predictions: true },
    metric: 'accuracyTop1',
    target: 0.4,
    claim: 'measured',
    margin: 0.01,
    patience: 3,
    policy: 'thresholds',
    imagesPerClass: 2,
    delta: { kind: 'geometric', factor: 1.6 },
    caps: { hours: 24, rounds: 20 },
    training: {},
    service: 'default',
    seed: 1,
  },
};

function refusal(text: string): CliError {
  try {
    parseSpec(text, 'loop.yaml');
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('the spec was accepted');
}

describe('a spec that makes no sense', () => {
  it('is refused with every problem in one pass, each with its line, in the order of the file', () => {
    const { message, exitCode } = refusal(
      [
        'name: Flower Patrol',
        'collector: {kind: poo}',
        'collecter: 1',
        'target: 2',
        'classes: [a, 1, a]',
        'imagesPerClass: 2.5',
        'caps:',
        '  hours: 0.5',
      ].join('\n'),
    );
    expect(exitCode).toBe(2);
    expect(message.split('\n').map((line) => line.trim())).toEqual([
      'The spec loop.yaml has 8 problems; nothing was started:',
      expect.stringMatching(/^loop\.yaml:1:7 {2}name: "Flower Patrol": use 1–63 lower-case letters/),
      'loop.yaml:2:19  collector.kind: "poo" is not one of pool, people; did you mean pool?',
      'loop.yaml:3:1  collecter: unknown key; did you mean collector?',
      'loop.yaml:4:9  target: 2 is more than 1',
      "loop.yaml:5:14  classes.1: 1 is not a text; write it in quotes: '1'",
      'loop.yaml:5:17  classes.2: class a is listed twice',
      'loop.yaml:6:17  imagesPerClass: 2.5 is not a whole number',
      'loop.yaml:8:10  caps.hours: 0.5 is less than 1',
    ]);
  });

  it('names the keys that an unknown one could have been, of the collector’s own kind', () => {
    expect(refusal('name: a\ncollector: {kind: people, instrucsions: x}\nclasses: [a, b]').message).toContain(
      'collector.instrucsions: unknown key; did you mean instructions?',
    );
    expect(refusal('name: a\ncollector: {kind: pool, path: x, quux: 1}').message).toContain(
      'collector.quux: unknown key; known here: kind, path',
    );
  });

  it('tells fields that contradict each other', () => {
    const people = refusal('name: a\ncollector: {kind: people}\ntraining: {hours: 9}\ncaps: {hours: 2}').message;
    expect(people).toContain('classes: is missing; the people collector needs the class names');
    expect(people).toContain('training.hours: 9 hours for one training is more than caps.hours (2)');
    const few = refusal('name: a\nclasses: [a, b]\nmetric: accuracyTop5\ncollector: {kind: pool, path: p}').message;
    expect(few).toContain('metric: accuracyTop5 is always 1 with 2 classes');
  });

  it.each(['forecast', 'thresholds'])('claims no lower bound under %s without an evaluation set', (policy) => {
    const spec = `name: a\ncollector: {kind: pool, path: p}\npolicy: ${policy}\nclaim: lower-bound\ntarget: 0.9\n`;
    expect(refusal(spec).message).toContain(
      'loop.yaml:4:8  claim: a lower-bound cannot be known without an evaluation set',
    );
    expect(parseSpec(`${spec}evaluation: {path: e}`, 'loop.yaml').claim).toBe('lower-bound');
  });

  it('says of numbers beyond all numbers that they are too large', () => {
    expect(refusal('name: a\ncollector: {kind: pool, path: p}\ntarget: 1e999\nmargin: .nan').message).toMatch(
      /target: is too large a number.*\n.*margin: NaN is not a number/,
    );
  });

  it('may have a cap on images that cuts the first round', () => {
    const spec = 'name: a\nclasses: [a, b]\ncaps: {images: 5}\ncollector: {kind: pool, path: p}';
    expect(parseSpec(spec, 'loop.yaml').caps.images).toBe(5);
  });

  it('names a metric, a class list and a budget that belong to the other task', () => {
    const spec = (more: string) => `name: a\ncollector: {kind: pool, path: p}\n${more}`;
    expect(refusal(spec('task: detection\nmetric: accuracyTop1')).message).toContain(
      'metric: accuracyTop1 measures the class of a whole image; with task: detection use meanAveragePrecision50 (the default) ' +
        'or meanAveragePrecision30, meanAveragePrecision75, or set task: classification',
    );
    expect(refusal(spec('metric: meanAveragePrecision75')).message).toContain(
      'metric: meanAveragePrecision75 measures boxes, which only a detector finds; with task: classification use accuracyTop1 (the default) ' +
        'or accuracyTop5, or set task: detection',
    );
    expect(refusal(spec('task: detecton')).message).toContain('did you mean detection?');
    expect(refusal(spec('metric: meanAveragePrecision60\ntask: detection')).message).toContain(
      'did you mean meanAveragePrecision30?',
    );
    expect(refusal(spec('classes: [a]')).message).toContain('classes: needs at least 2 entries');
    expect(refusal(spec('training: {hours: 400}\ncaps: {hours: 900}')).message).toContain(
      'training.hours: 400 is more than 336, the longest training of a classifier',
    );
    expect(
      parseSpec(spec('task: detection\nclasses: [a]\ntraining: {hours: 400}\ncaps: {hours: 900}'), 'a.yaml').metric,
    ).toBe('meanAveragePrecision50');
  });

  it('is told which dials of the forecast cannot stand together', () => {
    const spec = (more: string) => `name: a\ncollector: {kind: pool, path: p}\n${more}`;
    expect(refusal(spec('forecast: {giveUp: 0.8}')).message).toContain(
      'loop.yaml:3:20  forecast.giveUp: giveUp (0.8) must be below confidence (0.65), or a target would be given up as soon as',
    );
    expect(refusal(spec('forecast: {confidence: 0.1}')).message).toContain(
      'forecast.confidence: giveUp (0.25) must be',
    );
    expect(refusal(spec('prices: {image: 0, trainingHour: 0}')).message).toContain('prices: are both 0');
    const { message } = refusal(
      spec('policy: forcast\nprices: {image: -1}\nclassRatio: 0.5\nforecast: {confidence: 2, giveup: 0.1}'),
    );
    expect(
      missingFrom(message, [
        'policy: "forcast" is not one of forecast, thresholds; did you mean forecast?',
        'prices.image: -1 is less than 0',
        'prices.trainingHour: is missing',
        'classRatio: 0.5 is less than 1',
        'forecast.confidence: 2 is more than 1',
        'forecast.giveup: unknown key; did you mean giveUp?',
      ]),
    ).toEqual([]);
  });

  it('is refused with the place of the first broken line when it is no YAML, and when it is empty', () => {
    expect(refusal('name: a\n  b: [1\n').message).toContain('loop.yaml:1:7');
    expect(refusal('').message).toContain('loop.yaml  is empty');
    expect(refusal('name: a\nname: b\ncollector: {kind: pool, path: p}').message).toContain(
      'loop.yaml:2:1  Map keys must be unique',
    );
  });

  it('is told apart from a file that is not there', async () => {
    await expect(readSpecFile('nowhere.yaml')).rejects.toMatchObject({
      exitCode: 2,
      message: 'The spec nowhere.yaml does not exist.',
    });
    await expect(readSpecFile(tmpdir())).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('is a folder'),
    });
  });
});

describe('a spec that makes sense', () => {
  it('has its paths made absolute, relative to its own file', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'loop.yaml');
    await writeFile(path, 'name: a\ncollector: {kind: pool, path: ./pool}\nevaluation: {path: ../yardstick}\n');
    const spec = await readSpecFile(path);
    expect(spec.collector).toEqual({ kind: 'pool', path: join(folder, 'pool') });
    expect(spec.evaluation).toEqual({ path: join(folder, '..', 'yardstick'), predictions: true });
  });

  it('has one hash, whatever the order of its keys and whether defaults are written out', () => {
    const short = parseSpec('name: a\ncollector: {kind: pool, path: p}', 'a.yaml');
    const long = parseSpec('margin: 0.01\ncollector: {path: p, kind: pool}\nname: a\ncaps: {rounds: 20}', 'a.yaml');
    expect(specHash(long)).toBe(specHash(short));
    expect(specHash({ ...short, seed: 2 })).not.toBe(specHash(short));
  });

  it('has the hash that loops were started with before there were detectors', async () => {
    const history = new URL('../replay/histories/0.1.0/round-limit-by-people.json', import.meta.url);
    const data = /"data":"(eyJpbnN0YW5jZUlk[^"]+)"/.exec(await readFile(history, 'utf8'))?.[1] ?? '';
    const input: unknown = JSON.parse(Buffer.from(data, 'base64').toString());
    const { spec, specHash: recorded } = z.object({ spec: LoopSpecSchema, specHash: z.string() }).parse(input);
    expect(specHash(spec)).toBe(recorded);
    expect(spec).toMatchObject({ task: 'classification', metric: 'accuracyTop1' });
  });

  it('opens the folder of a loop that was started before there was a forecast, and goes on by thresholds', async () => {
    const home = await temporaryFolder();
    const { spec: before, ...loop } = BEFORE_FORECASTS;
    const folder = LoopFolder.at(home, before.name);
    await folder.create();
    await folder.writeJsonOnce('spec.json', before);
    await folder.writeJsonOnce('loop.json', { ...loop, loop: before.name });
    const { spec } = await openLoop(home, { loop: before.name });
    expect(spec).toEqual({ ...before, forecast: { confidence: 0.65, giveUp: 0.25 }, classRatio: 2 });
    // A second start of the same spec takes the folder as it is.
    await expect(claimFolder(folder, spec)).resolves.toMatchObject({ specHash: BEFORE_FORECASTS.specHash });
    expect(await folder.readJson('spec.json')).toEqual(before);
    await expect(claimFolder(folder, { ...spec, classRatio: 3 })).rejects.toThrow('classRatio: 2 → 3');
  });

  it('has another hash as soon as a dial of the forecast, a price or the class ratio differs from its default', () => {
    const spec = (more: string) => parseSpec(`name: a\ncollector: {kind: pool, path: p}\n${more}`, 'a.yaml');
    const same = ['', 'forecast: {giveUp: 0.25}', 'classRatio: 2', 'policy: forecast', 'delta: {kind: forecast}'];
    expect(new Set(same.map((more) => specHash(spec(more)))).size).toBe(1);
    const others = [
      '',
      'forecast: {giveUp: 0.1}',
      'forecast: {confidence: 0.8}',
      'forecast: {confidence: 0.8, giveUp: 0.1}',
      'classRatio: 3',
      'prices: {image: 1, trainingHour: 0}',
      'policy: thresholds',
    ];
    expect(new Set(others.map((more) => specHash(spec(more)))).size).toBe(others.length);
  });

  it('goes by the forecast unless it says otherwise, and grows as its policy does unless it says otherwise', () => {
    const spec = (more: string) => parseSpec(`name: a\ncollector: {kind: pool, path: p}\n${more}`, 'a.yaml');
    expect(spec('')).toMatchObject({ policy: 'forecast', delta: { kind: 'forecast' }, classRatio: 2 });
    expect(spec('policy: thresholds').delta).toEqual({ kind: 'geometric', factor: 1.6 });
    expect(spec('policy: thresholds\ndelta: {kind: forecast}').delta).toEqual({ kind: 'forecast' });
    expect(spec('delta: {kind: fixed, imagesPerClass: 5}').delta).toEqual({ kind: 'fixed', imagesPerClass: 5 });
    expect(spec('prices: {image: 0.1, trainingHour: 3}').prices).toEqual({ image: 0.1, trainingHour: 3 });
  });

  it('differs field by field', () => {
    const spec = LoopSpecSchema.parse({ name: 'a', collector: { kind: 'pool', path: 'p' }, target: 0.84 });
    const { target: _target, ...without } = spec;
    expect(specDifferences(spec, { ...spec, target: 0.9, caps: { ...spec.caps, rounds: 5 } })).toEqual([
      'caps.rounds: 20 → 5',
      'target: 0.84 → 0.9',
    ]);
    expect(specDifferences(spec, without)).toEqual(['target: 0.84 → not set']);
    expect(specDifferences(spec, spec)).toEqual([]);
  });

  it('is described by the published JSON Schema', async () => {
    const published = await readFile(new URL('../../loop/spec.schema.json', import.meta.url), 'utf8');
    expect(published, 'run `npm run schema`').toBe(`${JSON.stringify(specJsonSchema(), null, 2)}\n`);
  });
});

describe('canonical JSON', () => {
  it('reads back as the same value and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(JSON.parse(canonicalJson(value))).toEqual(plain);
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });
});
