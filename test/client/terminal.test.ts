import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../client/cli-error.ts';
import { answerLines } from '../../client/decide-lines.ts';
import { errorText } from '../../client/explain-error.ts';
import { processOutput } from '../../client/output.ts';
import { printable } from '../../client/text-table.ts';
import { answerRequest } from '../../decide/answer.ts';

/** A new window title, a clipboard, a cleared screen, a moved cursor, hidden text, a hyperlink; some in one character. */
const ATTACKS = [
  '\u001b]0;title\u0007',
  '\u001b]52;c;ZXZpbA==\u001b\\',
  '\u001b[2J\u001b[H',
  '\u009b2J',
  '\u009d0;title\u009c',
  '\u001b]8;;https://evil.example\u001b\\here\u001b]8;;\u001b\\',
  '\u001bc',
  'a\rb',
  'a\bb',
  '\u007f',
  'safe\u202egnp.exe',
  '\u2066a\u2069',
];
const OBEYED = /(?!\n|\t)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** An output whose streams are kept as texts. */
function kept() {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new Writable({
      write: (piece: Buffer, _encoding, done) => {
        written[name] += piece.toString();
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  return { written, output: processOutput(stream('out'), stream('err')) };
}

describe('what a command writes', () => {
  it.each(ATTACKS)('holds nothing that a terminal obeys: %j', (attack) => {
    const { written, output } = kept();
    output.data(`name: ${attack}\n\tok`);
    output.say(`Unpacked ${attack}`);
    output.json({ schemaVersion: 1, name: attack });
    expect(written.out).not.toMatch(OBEYED);
    expect(written.err).not.toMatch(OBEYED);
    expect(written.out).toMatch(/^name: .*\n\tok\n/);
  });

  it('keeps the colours of its own', () => {
    const { written, output } = kept();
    const red = styleText('red', 'failed', { validateStream: false });
    output.data(red);
    expect(written.out).toBe(`${red}\n`);
  });

  it('is the same JSON value, whatever stands in its texts', () => {
    const sign = fc.constantFrom(
      'a',
      '\u007f',
      '\u0080',
      '\u009b',
      '\u009f',
      '\u202e',
      '\u2069',
      '\\',
      '"',
      '\n',
      '\u{1f600}',
    );
    fc.assert(
      fc.property(fc.string({ unit: sign }), fc.boolean(), (name, compact) => {
        const { written, output } = kept();
        output.json({ schemaVersion: 1, name }, compact);
        expect(JSON.parse(written.out)).toEqual({ schemaVersion: 1, name });
        expect(written.out).not.toMatch(OBEYED);
      }),
    );
  });

  it('gives the answers of decide the id that was asked, in a form that no terminal obeys', async () => {
    const lines = async function* () {
      yield JSON.stringify({
        id: '\u009b2J',
        history: [{ images: 9, metric: 0.5 }],
        settings: { evaluationImages: 99 },
      });
    };
    const written: string[] = [];
    await answerLines(lines(), answerRequest, async (line) => void written.push(line));
    expect(written[0]).not.toMatch(OBEYED);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ id: '\u009b2J' });
  });
});

describe('an error', () => {
  it.each(ATTACKS)('quotes no name that a terminal obeys, nor its colours: %j', (attack) => {
    const red = '\u001b[8mhidden\u001b[0m';
    const error = new CliError(`The file ${attack}${red} is none:\n  - a\n  - b`, {
      exitCode: 2,
      next: `rm ${attack}`,
    });
    const text = errorText(error, false);
    expect(text).not.toMatch(OBEYED);
    expect(text.split('\n')).toHaveLength(4);
    expect(text).toContain('hidden is none:\n  - a\n  - b\n  → rm ');
  });
});

describe('a name in a table', () => {
  it('reads in one direction, and keeps the joined signs of other scripts', () => {
    expect(printable('safe\u202egnp.exe')).toBe('safegnp.exe');
    expect(printable('👨‍👩‍👧 می‌خواهم')).toBe('👨‍👩‍👧 می‌خواهم');
  });
});
