import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, initialState, missing, subtract, toProgress, total } from '../../workflows/loop-state.ts';
import { inputOf, stateOf } from './states.ts';

const counts = fc.dictionary(fc.constantFrom('cat', 'dog', 'bird', 'fish'), fc.nat(1000), { noNullPrototype: true });
const words = { state: 'Collecting.', next: 'Nobody has to act.' };

describe('image counts', () => {
  it('add up class by class, in any order, and change nothing they are made of', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const before = structuredClone([a, b]);
        expect(add(a, b)).toEqual(add(b, a));
        expect(total(add(a, b))).toBe(total(a) + total(b));
        expect(add(a, {})).toEqual(a);
        expect([a, b]).toEqual(before);
      }),
    );
  });

  it('subtract what was added, and never go below zero', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        expect(subtract(add(a, b), b)).toMatchObject(a);
        for (const [name, n] of Object.entries(subtract(a, b)))
          expect(n).toBe(Math.max(0, (a[name] ?? 0) - (b[name] ?? 0)));
        expect(total(subtract(a, a))).toBe(0);
      }),
    );
  });
});

describe('a loop’s state', () => {
  it('is plain data, so that a new run can carry it along', () => {
    const state = initialState(inputOf({ classes: ['cat', 'dog'] }));
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(state).toMatchObject({ phase: 'preparing', round: 0, budget: { capMinutes: 24 * 60, settledMinutes: 0 } });
  });

  it('lacks what a round asks for and people have not handed in; a surplus of one class pays for no other', () => {
    const state = stateOf(inputOf(), { need: { cat: 4, dog: 4 }, waiting: { cat: 1, dog: 9 } });
    expect(missing(state)).toEqual({ cat: 3, dog: 0 });
  });

  it('is shown with the images and needs of every class in the frozen order, also of one that has none', () => {
    const input = inputOf({}, Date.UTC(2026, 11, 24));
    const state = stateOf(input, { have: { dog: 2 }, need: { dog: 4 }, waiting: { dog: 1 } });
    expect(toProgress(input, state, words)).toMatchObject({
      ...words,
      title: 'Is it a cat or a dog?',
      images: 2,
      evaluationImages: 240,
      deadline: '2026-12-24T00:00:00.000Z',
      classes: [
        { name: 'cat', have: 0, need: 0 },
        { name: 'dog', have: 2, need: 3 },
      ],
    });
  });

  it('is shown before anything is frozen with the spec’s classes, its name for a title, and no evaluation images', () => {
    const { spec, ...rest } = inputOf({ classes: ['cat', 'dog'] });
    const { title: _, ...untitled } = spec;
    const input = { ...rest, spec: untitled };
    expect(toProgress(input, initialState(input), words)).toMatchObject({
      title: 'cats-and-dogs',
      evaluationImages: null,
      deadline: null,
      paused: false,
      classes: [{ name: 'cat' }, { name: 'dog' }],
    });
  });
});
