import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CliError } from '../../client/cli-error.ts';
import { staticSummary } from '../../client/plan-text.ts';
import { specDifferences } from '../../client/spec-differences.ts';
import { parseSpec, readSpecFile } from '../../client/spec-file.ts';
import { specJsonSchema } from '../../client/spec-problems.ts';
import { canonicalJson, specHash } from '../../data/spec-hash.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { tempFolder } from './temp-folder.ts';

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
    const few = refusal(
      'name: a\nclasses: [a, b]\nmetric: accuracyTop5\ncaps: {images: 5}\ncollector: {kind: pool, path: p}',
    ).message;
    expect(few).toContain('metric: accuracyTop5 is always 1 with 2 classes');
    expect(few).toContain('caps.images: 5 is less than the first round asks for: 3 images × 2 classes');
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
    const folder = await tempFolder();
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
    const history = new URL('../replay/histories/round-limit-by-people.json', import.meta.url);
    const data = /"data":"(eyJpbnN0YW5jZUlk[^"]+)"/.exec(await readFile(history, 'utf8'))?.[1] ?? '';
    const input: unknown = JSON.parse(Buffer.from(data, 'base64').toString());
    const { spec, specHash: recorded } = z.object({ spec: LoopSpecSchema, specHash: z.string() }).parse(input);
    expect(specHash(spec)).toBe(recorded);
    expect(spec).toMatchObject({ task: 'classification', metric: 'accuracyTop1' });
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

describe('the summary for the Temporal UI', () => {
  it('never takes more than 200 bytes and begins as the title does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }), (title) => {
        const summary = staticSummary(
          LoopSpecSchema.parse({ name: 'a', collector: { kind: 'pool', path: 'p' }, title: title.slice(0, 120) }),
        );
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(200);
        expect(title.startsWith(summary.replace(/…$/, ''))).toBe(true);
      }),
    );
  });
});
