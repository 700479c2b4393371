import { describe, expect, it } from 'vitest';
import { meansCurves, readCurves } from '../../backtest/curves.ts';
import { readPastRounds } from '../../backtest/past-rounds.ts';
import { missingFrom } from '../support/missing.ts';
import { syntheticCsv } from './synthetic.ts';

const HEADER = 'curve_id,dataset,n0,n,metric_value';

describe('a file of curves', () => {
  it('is read by the names of its columns, in any order, with others passed over', () => {
    const { curves, problems } = readCurves(
      '\uFEFFnote,n,metric_value,curve_id,n0,dataset\r\n"a, b",40,0.7,one,10,set\r\n,10,0.5,one,10,set\r\n,20,0.8,one,10,set\r\n',
    );
    expect(problems).toEqual([]);
    expect(curves).toEqual([
      {
        id: 'one',
        dataset: 'set',
        start: 10,
        cap: 40,
        points: [
          { images: 10, metric: 0.5 },
          { images: 20, metric: 0.75 },
          { images: 40, metric: 0.75 },
        ],
      },
    ]);
    expect(readCurves(syntheticCsv())).toMatchObject({ curves: { length: 6 }, problems: [] });
  });

  it('is told every problem in one pass, with its line', () => {
    const text = [
      HEADER,
      ',set,x,0,1.5',
      'a,set,10,20,0.5',
      'a,other,11,20,',
      'a,set,10,30,0.6',
      'b,set,10,5,0.5',
      'b,set,10,9,NaN',
    ];
    const told = readCurves(text.join('\n')).problems.join('\n');
    expect(
      missingFrom(told, [
        'line 2: curve_id is empty',
        'line 2: n0 is "x"',
        'line 2: n is "0"',
        'line 2: metric_value is "1.5"',
        'line 4: metric_value is ""',
        'line 4: another dataset in curve a',
        'line 4: another n0 in curve a',
        'line 4: n 20 a second time in curve a',
        'line 6: 2 of at least 3 points in curve b',
        'line 6: it ends at 9 images, not after its n0 of 10 in curve b',
        'line 7: metric_value is "NaN"',
      ]),
    ).toEqual([]);
  });

  it('names the columns it lacks, and is no file without lines', () => {
    expect(readCurves('curve_id,n0,n\n1,2,3').problems).toEqual([
      'line 1: has no column dataset, metric_value; it has: curve_id, n0, n',
    ]);
    expect(readCurves(`${HEADER}\n`).problems).toEqual(['line 1: no line follows it, so there is no curve']);
  });

  it('is told from a file of past rounds by its columns', () => {
    expect(meansCurves(HEADER)).toBe(true);
    expect(meansCurves('images,metric\n1,2')).toBe(false);
    expect(meansCurves('[{"images": 1}]')).toBe(false);
  });
});

describe('a file of past rounds', () => {
  const ROUNDS = [
    { images: 10, metric: 0.5 },
    { images: 20, metric: null },
    { images: 40, metric: 0.7 },
    { images: 80, metric: 0.8 },
  ];

  it.each([
    ['CSV, as `deltaloop rounds --csv` prints it', 'round,images,metric\n1,10,0.5\n2,20,\n3,40,0.7\n4,80,0.8\n'],
    ['a JSON array', JSON.stringify(ROUNDS)],
    [
      'a JSON document with rounds, as `deltaloop rounds --json` prints it',
      JSON.stringify({ schemaVersion: 1, rounds: ROUNDS }, null, 2),
    ],
    ['a request for a decision', JSON.stringify({ history: ROUNDS, settings: {} })],
    ['JSON lines', ROUNDS.map((round) => JSON.stringify(round)).join('\n')],
  ])('may be %s', (_kind, text) => {
    expect(readPastRounds(text)).toEqual({ rounds: ROUNDS, problems: [] });
  });

  it('is told every problem in one pass', () => {
    expect(readPastRounds('images,metric\n0,0.5\n10,1.2\nten,0.5').problems).toEqual([
      'line 2: images is 0, not a whole number from 1',
      'line 3: metric is 1.2, not a number from 0 to 1',
      'line 4: images is "ten", not a whole number from 1',
    ]);
    expect(readPastRounds('{"images":1,"metric":0.5}\nfoo\n{"metric":"x","share":2}').problems).toEqual([
      'line 2: is not JSON',
      'line 3: images is missing, not a whole number from 1',
      'line 3: metric is "x", not a number from 0 to 1',
      'line 3: share is 2, not a part of 1',
    ]);
    expect(readPastRounds('a,b\n1,2').problems).toEqual(['line 1: has no column images, metric; it has: a, b']);
  });

  it('needs three sizes with a metric', () => {
    expect(readPastRounds('images,metric\n10,0.5\n10,0.6\n20,0.7\n40,').problems).toEqual([
      'it has a metric at 2 numbers of images; a curve needs at least 3',
    ]);
  });
});
