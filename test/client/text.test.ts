import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundsCsv } from '../../client/commands/rounds.ts';
import { EXIT, exitCodeOf, exitCodesHelp } from '../../client/exit-codes.ts';
import { errorText, explainError } from '../../client/explain-error.ts';
import { money, price } from '../../client/figures.ts';
import { progressFromFiles } from '../../client/progress-from-files.ts';
import { renderProgress } from '../../client/render-progress.ts';
import { printable, textTable, wrapWords } from '../../client/text-table.ts';
import { DiskFullError, SourceUnreadableError } from '../../data/errors.ts';
import { minutes } from '../../decide/format.ts';
import { OUTCOMES } from '../../loop/outcome.ts';
import { RECORD, RESULT } from './loop-on-disk.ts';

describe('exit codes', () => {
  it('are these and no others', () => {
    expect(EXIT).toEqual({
      ok: 0,
      unexpected: 1,
      usage: 2,
      needsPerson: 3,
      notAuthorised: 4,
      targetNotMet: 5,
      capReached: 6,
      checksFailed: 7,
      stillRunning: 8,
      timedOut: 124,
      interrupted: 130,
    });
  });

  it('follow the outcome', () => {
    expect(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, exitCodeOf(outcome)]))).toEqual({
      'target-reached': 0,
      'good-enough': 0,
      'not-improving': 5,
      'target-unreachable': 5,
      'images-exhausted': 5,
      stopped: 5,
      'budget-exhausted': 6,
      'image-limit': 6,
      'round-limit': 6,
      deadline: 6,
    });
  });

  it('are all explained in the help', () => {
    for (const code of Object.values(EXIT)) expect(exitCodesHelp()).toMatch(new RegExp(`^ +${code}  \\S`, 'm'));
  });
});

describe('errors', () => {
  it('tell what and the next step, without a stack unless asked for', () => {
    const error = explainError(new DiskFullError('images/a.png'));
    expect(error.exitCode).toBe(1);
    expect(errorText(error, false)).toBe(
      'deltaloop: No space is left for the loop’s folder: no space is left on the disk for images/a.png; what was half written has been removed\n  → Free some space on that disk, then type the command again.',
    );
    expect(errorText(error, true)).toContain('at ');
    expect(explainError(new SourceUnreadableError('/pool', 'does not exist')).exitCode).toBe(2);
    expect(explainError('odd')).toMatchObject({ exitCode: 1, message: 'Unexpected error: odd' });
  });
});

describe('text for a terminal', () => {
  it('never carries control characters from names', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', ' ', '[', '3', 'm', '\u001b', '\u009b', '\u0007', '\n', '\r') }),
        (text) => !/\p{Cc}/u.test(printable(text)),
      ),
    );
    expect(printable('a\u001b[31mred\u0007\nb')).toBe('ared b');
  });

  it('breaks between words and loses none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^\S{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 12, max: 60 }),
        (words, width) => {
          const wrapped = wrapWords(words.join(' '), width);
          expect(wrapped.split(/[ \n]/)).toEqual(words);
          for (const line of wrapped.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it('keeps a command, and a figure with its unit, on one line, and every line as far in as the first', () => {
    expect(wrapWords('  Answer `deltaloop resolve cats retry`; after 10 h it is 95 % late.', 36)).toBe(
      ['  Answer', '  `deltaloop resolve cats retry`;', '  after 10 h it is 95 % late.'].join('\n'),
    );
    expect(wrapWords('it is `longer than a line has room for`', 12)).toBe('it is\n`longer than\na line has\nroom for`');
  });

  it('aligns numbers to the right and words to the left', () => {
    expect(
      textTable(
        ['class', 'have'],
        [
          ['red', 3],
          ['lilac', 12],
        ],
      ),
    ).toBe('  class  have\n  red       3\n  lilac    12');
  });

  it('writes compute minutes as people say them', () => {
    expect([0, 45, 60, 125].map(minutes)).toEqual(['0 min', '45 min', '1 h', '2 h 05 min']);
  });
});

describe('a loop as text', () => {
  const words = {
    phase: 'collecting',
    round: 2,
    state: 'Waiting for images.',
    next: 'deltaloop submit colours DIR',
  } as const;
  const progress = {
    ...progressFromFiles('colours', undefined, words),
    rounds: [RECORD],
    classes: [{ name: 'red', have: 3, need: 2 }],
  };
  const options = { style: (_tone: string, text: string) => text };

  it('tells what happens, what is next, the classes with have and need, and marks a hold-out metric', () => {
    const text = renderProgress(progress, options);
    expect(text).toContain('Waiting for images.\nNext: deltaloop submit colours DIR');
    expect(text).toContain('class  have  need\n  red       3     2');
    expect(text).toContain('accuracyTop1 0.875 (hold-out, optimistic)');
  });

  it('tells the outcome in the place of the state once it has ended', () => {
    const text = renderProgress({ ...progress, result: RESULT }, options);
    expect(text).toContain('target-reached: Target 0.85 reached');
    expect(text).toContain(
      'Recommended model: colours-r1-abc-1 (round 1, 9 images, metric 0.875, 95 % interval 0.800–0.930)',
    );
    expect(text).not.toContain('Next:');
  });

  it('writes rounds as CSV with quotes where they are needed and empty fields for what is absent', () => {
    expect(roundsCsv([RECORD])).toBe(
      'round,images,newImages,perClassMin,perClassMax,model,metric,noise,gain,comparedWith,billedMinutes,action,decision\n1,9,9,3,3,colours-r1-abc-1,0.875,,,,2,stop,"stop: target-reached, ""at last"""',
    );
  });
});

describe('figures', () => {
  it('of money have two decimals, and the currency where there is one', () => {
    expect([money(1320, 'EUR'), money(0.5)]).toEqual(['1,320.00 EUR', '0.50']);
  });

  it('of prices keep every decimal that was given, and no small amount becomes nothing', () => {
    const prices = [price(0.003, 'EUR'), price(1.123456), price(12), price(1e-7)];
    expect(prices).toEqual(['0.003 EUR', '1.123456', '12.00', '0.0000001']);
    expect([money(0.003), money(0.00012345), money(0)]).toEqual(['0.003', '0.00012', '0.00']);
  });

  it('of a part of an hour are not rounded to whole ones', () => {
    expect(minutes(90)).toBe('1 h 30 min');
  });
});
