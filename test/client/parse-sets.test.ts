import { describe, expect, it } from 'vitest';
import { CliError } from '../../client/cli-error.ts';
import { parseSets } from '../../client/parse-sets.ts';
import { inputOf } from '../workflows/states.ts';

const { spec } = inputOf();
const parse = (...pairs: string[]) =>
  parseSets(pairs, { spec, cwd: '/home/ann/here', command: 'deltaloop adjust cats' });

/** The lines of the problems, and the exit code. */
function refusal(...pairs: string[]): { code: number; lines: string[] } {
  try {
    parse(...pairs);
  } catch (error) {
    if (error instanceof CliError) return { code: error.exitCode, lines: error.message.split('\n').slice(1) };
  }
  throw new Error('it was taken');
}

describe('--set key=value', () => {
  it('reads numbers, none and words, and makes a path absolute', () => {
    expect(
      parse('caps.hours=30', 'target=none', 'service=spare', 'collector.path=../pool', 'delta.kind=geometric'),
    ).toEqual({
      'caps.hours': 30,
      target: null,
      service: 'spare',
      'collector.path': '/home/ann/pool',
      'delta.kind': 'geometric',
    });
  });

  it('tells every problem of every pair in one pass, with what was probably meant', () => {
    expect(
      refusal(
        'caps.huors=30',
        'hours=3',
        'target=2',
        'caps.rounds',
        'service=',
        'caps.images=12',
        'caps.images=13',
        'evaluation.path=x',
        'zzz=1',
      ),
    ).toEqual({
      code: 2,
      lines: [
        '  "caps.huors" cannot be changed; did you mean caps.hours?',
        '  "hours" cannot be changed; did you mean caps.hours?',
        '  "caps.rounds" is no key=value.',
        '  service has no value; write service=none to take it away.',
        expect.stringContaining('  "zzz" cannot be changed; what can be: caps.hours, '),
        '  caps.images is given more than once.',
        '  target must be a number from 0 to 1, or none (null in JSON); it is 2.',
        expect.stringContaining('same yardstick'),
      ],
    });
  });
});
