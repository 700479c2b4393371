import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANGE_KEYS, type ChangeKey, type Changes, changeProblems, withChanges } from '../../loop/changes.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { inputOf } from '../workflows/states.ts';

const NUMBERS = fc.oneof(
  fc.constantFrom(-1, 0, 0.5, 1, 1.5, 2, 10, 10.5, 24, 336, 1344, 1345, 1e6, Number.NaN, Number.POSITIVE_INFINITY),
  fc.double(),
  fc.integer({ min: -5, max: 2000 }),
);
const WORDS = fc.oneof(
  fc.constantFrom(
    '',
    'default',
    'fixed',
    'geometric',
    'forecast',
    'none',
    'a-b',
    'A',
    '-a',
    'x'.repeat(32),
    'x'.repeat(33),
  ),
  fc.string({ maxLength: 40 }),
);
const VALUES = fc.oneof(NUMBERS, WORDS, fc.constantFrom(null, true, [], {}));

/** The spec's document with one changed key, as the schema would be asked; undefined where null takes the key away. */
function changed(key: ChangeKey, value: unknown): unknown {
  const kind = key === 'delta.imagesPerClass' ? 'fixed' : 'geometric';
  const document: Record<string, unknown> = {
    ...inputOf({ task: 'detection', metric: undefined }).spec,
    delta: kind === 'fixed' ? { kind, imagesPerClass: 3 } : { kind },
  };
  const [head = '', tail] = key.split('.');
  const set = value === null ? undefined : value;
  if (key === 'delta.kind')
    document['delta'] = value === 'fixed' ? { kind: value, imagesPerClass: 3 } : { kind: value };
  else if (tail === undefined) document[head] = set;
  else document[head] = { ...(document[head] as object), [tail]: set };
  return document;
}

/** Keys that null takes away; the others must hold something. */
const MAY_BE_NONE = ['caps.images', 'target', 'training.hours'];

describe('what may be changed of a running loop', () => {
  it.each(CHANGE_KEYS.filter((key) => key !== 'collector.path'))(
    '%s has the bounds that the spec’s schema has',
    (key) => {
      fc.assert(
        fc.property(VALUES, (value) => {
          if (value === null && !MAY_BE_NONE.includes(key)) {
            expect(changeProblems(undefined, { [key]: value })).not.toEqual([]);
            return;
          }
          const taken = changeProblems(undefined, { [key]: value }).length === 0;
          expect({ value, taken }).toEqual({ value, taken: LoopSpecSchema.safeParse(changed(key, value)).success });
        }),
        { numRuns: 400 },
      );
    },
  );

  it('gives a spec that the schema takes, whatever is changed of it together', () => {
    const some = fc.record(
      {
        'caps.hours': fc.double({ min: 1, max: 1000, noNaN: true }),
        'caps.images': fc.option(fc.integer({ min: 1, max: 9999 })),
        'caps.rounds': fc.integer({ min: 1, max: 99 }),
        target: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true })),
        'training.hours': fc.option(fc.integer({ min: 1, max: 336 })),
        'delta.kind': fc.constantFrom('geometric' as const, 'forecast' as const),
        service: fc.constantFrom('default', 'spare'),
      },
      { requiredKeys: [] },
    );
    const { spec } = inputOf();
    fc.assert(
      fc.property(some, (set: Changes) => {
        const problems = changeProblems(spec, set);
        expect(problems).toEqual(Object.keys(set).length === 0 ? [expect.stringContaining('Nothing is changed')] : []);
        const now = withChanges(spec, set);
        expect(LoopSpecSchema.parse(now)).toEqual(JSON.parse(JSON.stringify(now)));
      }),
    );
  });

  it('never holds the evaluation set or the deadline, and says why', () => {
    const { spec } = inputOf();
    expect(changeProblems(spec, { 'evaluation.path': '/x', 'caps.deadline': '3d', margin: 0.5 })).toEqual([
      expect.stringContaining('same yardstick'),
      expect.stringContaining('an instant fixed at its start'),
      expect.stringContaining('"margin" cannot be changed'),
    ]);
  });

  it('is held against the rest of the spec', () => {
    const { spec } = inputOf({ claim: 'lower-bound', collector: { kind: 'people' }, classes: ['cat', 'dog'] });
    const set = { target: null, 'collector.path': '/pool', 'delta.factor': 2, 'training.hours': 337 };
    expect(changeProblems(spec, set)).toEqual([
      'delta.factor belongs to the kind geometric, but δ is forecast: change delta.kind as well.',
      'collector.path belongs to a pool; this loop collects from people.',
      'A loop that claims its target by the lower bound needs a target.',
      'training.hours 337 is more than 336, the longest training of a classifier.',
    ]);
  });
});
