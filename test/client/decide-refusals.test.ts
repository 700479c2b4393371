import { describe, expect, it } from 'vitest';
import { answerLine } from '../../client/decide-lines.ts';
import { answerRequest } from '../../decide/answer.ts';

const ROUNDS = [
  { images: 48, metric: 0.6 },
  { images: 96, metric: 0.7 },
];
const SETTINGS = { target: 0.9, evaluationImages: 500 };

/** What is wrong with a line: path and message of each problem; an answer gives none. */
function problems(line: string): [string, string][] {
  const said = answerLine(line, 3, answerRequest);
  return 'error' in said ? said.error.problems.map(({ path, message }) => [path, message]) : [];
}

function problemsOf(settings: object, history: object[] = ROUNDS): [string, string][] {
  return problems(JSON.stringify({ id: 'a', history, settings: { ...SETTINGS, ...settings } }));
}

describe('the settings of a request are refused as those of a spec:', () => {
  it.each([
    [{ giveUp: 0.8, confidence: 0.7 }, 'settings.giveUp', 'giveUp (0.8) must be below confidence (0.7)'],
    [{ giveUp: 1, confidence: 1 }, 'settings.giveUp', 'giveUp (1) must be below confidence (1)'],
    [{ confidence: 0 }, 'settings.confidence', 'giveUp (0.25) must be below confidence (0)'],
    [{ prices: { image: 0, trainingHour: 0 } }, 'settings.prices', 'are both 0'],
    [{ target: 0 }, 'settings.target', '0 is reached by every model'],
    [{ metric: 'accuracyTop5', classes: 5 }, 'settings.metric', 'accuracyTop5 is always 1 with 5 classes'],
    [{ claim: 'lower-bound', evaluationImages: null }, 'settings.claim', 'without an evaluation set'],
  ])('%j', (settings, path, message) => {
    expect(problemsOf(settings)).toEqual([[path, expect.stringContaining(message)]]);
  });

  it('none of these, where they can stand', () => {
    expect(problemsOf({ giveUp: 0.6, prices: { image: 0, trainingHour: 1 }, claim: 'lower-bound' })).toEqual([]);
    expect(problemsOf({ metric: 'accuracyTop5', classes: 6, target: null })).toEqual([]);
  });
});

describe('the history of a request', () => {
  it('is refused where images shrink, and where a part is none', () => {
    const history = [
      { images: 12, metric: 0.4, share: 0.25 },
      { images: 200, metric: 0.5, share: 0.5 },
      { images: 192, metric: 0.6 },
      { images: 192, metric: null },
      { images: 48, metric: 0.7 },
      { images: 96, metric: 0.5, share: 0.5 },
    ];
    expect(problemsOf({}, history)).toEqual([
      ['history.4.images', '48 is less than the 192 of the round before; a round trains on all images so far'],
      ['history.1.images', expect.stringContaining('200 is no part of the first round, which has 192 images')],
      ['history.5.share', expect.stringContaining('stands behind the second round')],
    ]);
    expect(
      problemsOf({}, [
        { images: 48, metric: 0.6 },
        { images: 48, metric: 0.5, share: 0.5 },
      ]),
    ).toHaveLength(1);
  });

  it('may have the parts before the first round or right behind it', () => {
    const part = { images: 24, metric: 0.5, share: 0.5 };
    const [first, second] = ROUNDS;
    if (!first || !second) throw new Error('there are two rounds');
    expect(problemsOf({}, [part, first, second])).toEqual([]);
    expect(problemsOf({}, [first, part, second])).toEqual([]);
  });

  it('without a round of its own is refused with the reason', () => {
    expect(problemsOf({}, [{ images: 9, metric: 0.5, share: 0.5 }])).toEqual([
      ['history', expect.stringContaining('and no round')],
    ]);
  });
});

describe('a line', () => {
  it('is told in one pass what each field and what fields together have wrong', () => {
    const wrong = { metric: 'accuracyTop7', target: 0, giveUp: 0.9, seed: -1 };
    expect(problemsOf(wrong, [{ images: 0, metric: 2 }]).map(([path]) => path)).toEqual([
      'history.0.images',
      'history.0.metric',
      'settings.metric',
      'settings.seed',
      'settings.target',
      'settings.giveUp',
    ]);
  });

  it('says of a number that no computer holds that it is too large', () => {
    const line =
      '{"id": 1e999, "history": [{"images": 48, "metric": 1e999}], "settings": {"evaluationImages": -1e999}}';
    expect(problems(line)).toEqual([
      ['id', 'is too large a number: none beyond 1.8e308 can be read'],
      ['history.0.metric', 'is too large a number: none beyond 1.8e308 can be read'],
      ['settings.evaluationImages', 'is too small a number: none beyond −1.8e308 can be read'],
    ]);
  });

  it.each(['[]', 'null', '7', '"text"'])('says of %s what it should hold', (line) => {
    expect(problems(line)).toEqual([
      ['', expect.stringContaining(`${line} is not a request: a line holds one object`)],
    ]);
  });
});
