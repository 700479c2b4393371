import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerLine, answerLines } from '../../client/decide-lines.ts';
import { linesOf } from '../../client/json-lines.ts';
import { decisionLineJsonSchema, decisionRequestJsonSchema } from '../../client/json-schemas.ts';
import { answerRequest } from '../../decide/answer.ts';
import { DecisionLineSchema } from '../../loop/decision-answer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { deltaloop, inProcess, spawnCli } from './run-cli.ts';

const REQUEST = {
  id: 'a',
  history: [
    { images: 18, metric: 0.71 },
    { images: 36, metric: 0.8 },
  ],
  settings: { target: 0.9, evaluationImages: 500 },
  caps: { images: 600 },
};
const CLAIM = { ...REQUEST, id: 7, history: [{ images: 18, metric: 0.97 }] };
let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
});

function documents(stdout: string): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('deltaloop decide', () => {
  it('answers every request in order, skips blank lines, and tells in place all that is wrong with a line', async () => {
    const bad = { id: 2, history: [{ images: 0, metric: 1.7 }], settings: { polcy: 'forecast' } };
    const input = [JSON.stringify(REQUEST), '', 'not json', JSON.stringify(bad), JSON.stringify(CLAIM)].join('\n');
    const { code, stdout, stderr } = await deltaloop(['decide'], { home, input });
    expect(code).toBe(2);
    expect(documents(stdout)).toEqual([
      expect.objectContaining({ id: 'a', action: 'grow', outcome: null, nextImages: expect.any(Number) }),
      { error: { line: 3, problems: [{ path: '', message: expect.stringContaining('is not JSON') }] } },
      {
        id: 2,
        error: {
          line: 4,
          problems: [
            { path: 'history.0.images', message: '0 is less than 1' },
            { path: 'history.0.metric', message: '1.7 is more than 1' },
            { path: 'settings.evaluationImages', message: 'is missing' },
            { path: 'settings.polcy', message: 'unknown key; did you mean policy?' },
          ],
        },
      },
      expect.objectContaining({ id: 7, action: 'claim', outcome: 'target-reached', nextImages: null }),
    ]);
    expect(stderr).toContain('2 requests answered; 2 lines refused: 3, 4.');
    expect(stderr).toContain('deltaloop decide --schema');
  });

  it('works as a co-process: each answer comes before the next request is written', async () => {
    const child = spawnCli(['decide', '-'], { home });
    const answers = linesOf(child.stdout)[Symbol.asyncIterator]();
    for (const request of [REQUEST, CLAIM, { ...REQUEST, id: 'line\u2028separator' }]) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value } = await answers.next();
      expect(JSON.parse(String(value))).toMatchObject({ id: request.id });
    }
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('reads a file, and says which one it cannot read', async () => {
    const file = join(home, 'requests.jsonl');
    await writeFile(file, `\uFEFF${JSON.stringify(REQUEST)}\r\n${JSON.stringify(CLAIM)}`);
    const read = await inProcess(['decide', file], { home });
    expect(read).toMatchObject({ code: 0, stderr: '' });
    expect(documents(read.stdout)).toHaveLength(2);
    for (const [path, why] of [
      [join(home, 'nowhere.jsonl'), 'does not exist'],
      [home, 'is a folder'],
    ] as const) {
      const refused = await inProcess(['decide', path], { home });
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain(`${path} ${why}`);
    }
  });

  it('says so when there was nothing to answer', async () => {
    const { code, stdout, stderr } = await deltaloop(['decide'], { home, input: '\n \n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('No requests were read');
  });

  it('prints the published schemas of its lines', async () => {
    for (const [which, schema] of [
      ['request', decisionRequestJsonSchema()],
      ['answer', decisionLineJsonSchema()],
    ] as const) {
      const printed = await inProcess(['decide', '--schema', which], { home });
      const published = await readFile(new URL(`../../loop/decision-${which}.schema.json`, import.meta.url), 'utf8');
      expect(printed.stdout).toBe(published);
      expect(published, 'run `npm run schema`').toBe(`${JSON.stringify(schema, null, 2)}\n`);
    }
  });
});

describe('the lines of a stream', () => {
  it('are the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((line) => !line.includes('\n')),
          { minLength: 1 },
        ),
        fc.integer({ min: 1, max: 7 }),
        async (lines, size) => {
          const bytes = Buffer.from(lines.join('\n'));
          const cut = async function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          };
          const expected = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
          const found: (string | null)[] = [];
          for await (const line of linesOf(cut())) found.push(line);
          expect(found).toEqual(expected);
        },
      ),
    );
  });
});

describe('a line', () => {
  it('is always answered with one document that fits the published schema', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          requests().map((each) => JSON.stringify(each)),
        ),
        (line) => {
          const said = answerLine(line, 1, answerRequest);
          expect(DecisionLineSchema.safeParse(said).error).toBeUndefined();
        },
      ),
    );
  });

  it('waits for the reader of the line before', async () => {
    const happened: string[] = [];
    const lines = async function* () {
      for (const id of ['a', 'b']) {
        happened.push(`read ${id}`);
        yield JSON.stringify({ ...REQUEST, id });
      }
    };
    await answerLines(lines(), answerRequest, async (line) => {
      await Promise.resolve();
      happened.push(`wrote ${JSON.parse(line).id}`);
    });
    expect(happened).toEqual(['read a', 'wrote a', 'read b', 'wrote b']);
  });
});

function requests() {
  const metric = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
  const point = fc.record({ images: fc.integer({ min: 1, max: 5000 }), metric });
  return fc.record({
    id: fc.oneof(fc.string(), fc.integer()),
    history: fc.array(point, { minLength: 1, maxLength: 8 }),
    settings: fc.record({
      target: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      evaluationImages: fc.option(fc.integer({ min: 1, max: 9000 })),
      claim: fc.constantFrom('measured', 'lower-bound'),
    }),
    caps: fc.record({ images: fc.option(fc.integer({ min: 1, max: 9000 })) }),
  });
}
