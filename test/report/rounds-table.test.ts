import { describe, expect, it } from 'vitest';
import { roundsTable } from '../../report/rounds-table.ts';
import { ROUNDS } from './example.ts';

const DIVERGED = {
  round: 7,
  images: 1300,
  newImages: 0,
  perClass: [34, 1048] as [number, number],
  model: null,
  metric: null,
  noise: null,
  gain: null,
  comparedWith: null,
  billedMinutes: 61,
  action: 'stop' as const,
  decision: 'stop: deadline',
};

describe('the rounds table as text', () => {
  it('aligns its columns, with a dash for what a round does not have', () => {
    expect(roundsTable([...ROUNDS.slice(0, 2), DIVERGED], { metric: 'accuracyTop1' }).split('\n')).toEqual([
      'round  images  new  per class  accuracyTop1   gain (on)   noise  compute  decision',
      '    1      18   18          3         0.612           –       –    1 min  collect 2 per class',
      '    2      30   12          5         0.680  +0.068 (1)  ±0.054    1 min  collect 3 per class',
      '    7   1,300    0   34–1,048             –           –       –   61 min  stop: deadline',
    ]);
  });

  it('fits the width it is given by leaving out the less telling columns, never metric, gain with its round, or decision', () => {
    for (const width of [120, 90, 80, 70, 10]) {
      const lines = roundsTable(ROUNDS, { width }).split('\n');
      expect(lines[0]).toMatch(/^round {2}images .*metric .*gain \(on\) .*noise .*decision$/);
      if (width >= 70) expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    }
    expect(roundsTable(ROUNDS, { width: 10 })).not.toContain('compute');
    expect(roundsTable(ROUNDS, { width: 10 })).toContain('+0.068 (1)');
  });

  it('calls a metric of a long name just that where it would not fit', () => {
    const metric = 'meanAveragePrecision50';
    const heading = (width: number) => roundsTable(ROUNDS, { metric, width }).split('\n')[0];
    expect(heading(100)).toContain(metric);
    expect(heading(70)).toContain('images  metric');
  });

  it('has only its heading before the first round', () => {
    expect(roundsTable([]).split('\n')).toHaveLength(1);
  });
});

describe('the rounds table as Markdown', () => {
  it('has a heading, a rule and one row a round, and keeps pipes from breaking a row', () => {
    const lines = roundsTable([{ ...DIVERGED, decision: 'stop | here' }], { format: 'markdown' }).split('\n');
    expect(lines).toEqual([
      '| round | images | new | per class | metric | gain (on) | noise | compute | decision |',
      '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
      '| 7 | 1,300 | 0 | 34–1,048 | – | – | – | 61 min | stop \\| here |',
    ]);
  });
});
