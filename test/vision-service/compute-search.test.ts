import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BudgetUsed } from '../../vision-service/training/pacer.ts';
import { type Recipe, recipeName } from '../../vision-service/training/recipes.ts';
import { type SearchSpace, searchRecipes } from '../../vision-service/training/search.ts';
import { stratifiedSubset } from '../../vision-service/training/subset.ts';
import { improves, type Trial } from '../../vision-service/training/trial.ts';

const SPACE: SearchSpace = {
  logistic: true,
  few: false,
  viewSets: [{ views: ['mirrored'], expected: false }],
  uneven: true,
};

/** A trial whose images all have that loss. */
function trialOf(recipe: Recipe, loss: number): Trial {
  const losses = Float64Array.from({ length: 40 }, () => loss);
  return { recipe, factors: recipe.heads.map(() => 1), temperature: 1, scores: [], losses, loss, accuracy: 0 };
}

/** A search over recipes whose loss is a function of their name; `lossOf` may be undefined for one that cannot be used. */
async function searchWith(
  lossOf: (name: string) => number | undefined,
  space = SPACE,
  attempts = Number.POSITIVE_INFINITY,
) {
  const names: string[] = [];
  const outcome = await searchRecipes(space, (recipe) => {
    if (names.length >= attempts) return Promise.reject(new BudgetUsed());
    names.push(recipeName(recipe));
    const loss = lossOf(recipeName(recipe));
    return Promise.resolve(loss === undefined ? undefined : trialOf(recipe, loss));
  });
  return { ...outcome, names, chosen: outcome.best && recipeName(outcome.best.recipe) };
}

describe('a search', () => {
  it('ends by itself when nothing improves, on the blend of two heads', async () => {
    const { chosen, names, ended, tried } = await searchWith(() => 1);
    expect(chosen).toBe('linear discriminant, shrinkage 0.5 + logistic regression, lambda 0.0001');
    expect(ended).toBe('nothing improved');
    expect(tried).toBe(names.length);
    expect(names.length).toBeLessThan(12);
    expect(new Set(names).size).toBe(names.length);
  });

  it('goes on along the strengths of a head as long as they improve', async () => {
    const { chosen } = await searchWith((name) => Number(/shrinkage ([\d.]+)/.exec(name)?.[1] ?? 9));
    expect(chosen).toContain('shrinkage 0.02');
  });

  it('takes views and class weights that improve, and leaves those that do not', async () => {
    const better = await searchWith(
      (name) => 2 - (name.includes('mirrored') ? 0.5 : 0) - (name.includes('frequent') ? 0.5 : 0),
    );
    expect(better.chosen).toMatch(/images also mirrored; classes as frequent as in training$/);
    const worse = await searchWith((name) => (/mirrored|frequent/.test(name) ? 2 : 1));
    expect(worse.chosen).not.toMatch(/mirrored|frequent/);
  });

  it('takes another head than the blend when that is clearly better', async () => {
    const { chosen } = await searchWith((name) => (name.includes(' + ') ? 1 : 0.5));
    expect(chosen).not.toContain(' + ');
  });

  it('skips recipes that give no finite weights while others do', async () => {
    const { chosen } = await searchWith((name) => {
      if (name.includes('discriminant')) return undefined;
      return name.includes('prototypes') ? 2 : 1;
    });
    expect(chosen).toBe('logistic regression, lambda 0.0001');
    expect((await searchWith(() => undefined)).best).toBeUndefined();
  });

  it('tries more with more budget, the same things in the same order', async () => {
    const whole = await searchWith(() => 1);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.names.length }), async (attempts) => {
        const cut = await searchWith(() => 1, SPACE, attempts);
        expect(cut.names).toEqual(whole.names.slice(0, attempts));
        expect(cut.ended).toBe(attempts < whole.names.length ? 'budget used' : 'nothing improved');
      }),
    );
  });

  it('chooses neither heads nor strengths by too few images', async () => {
    const { names, chosen } = await searchWith((name) => (name.includes('prototypes') ? 0.1 : 1), {
      ...SPACE,
      few: true,
    });
    expect(chosen).toBe('linear discriminant, shrinkage 0.5 + logistic regression, lambda 0.0001');
    expect(names.filter((name) => name.includes('shrinkage 0.7'))).toEqual([]);
  });

  it('tells chance from improvement by the standard error of paired differences', () => {
    const recipe: Recipe = { heads: [{ kind: 'prototypes' }], views: [], asCounted: false };
    const base = trialOf(recipe, 1);
    const noisy = { ...base, losses: base.losses.map((loss, i) => loss - 0.05 + (i % 2 === 0 ? 0.9 : -0.9)) };
    expect(improves(noisy, base)).toBe(false);
    expect(improves(trialOf(recipe, 0.95), base)).toBe(true);
    expect(improves(base, base)).toBe(false);
    expect(improves(base, base, -1)).toBe(true);
    expect(improves(trialOf(recipe, 1.05), base, -1)).toBe(false);
  });
});

describe('stratifiedSubset', () => {
  const request = fc.record({
    labels: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 60 }),
    limit: fc.integer({ min: 1, max: 80 }),
    seed: fc.nat(),
  });

  it('takes all when they are few, else as many as wanted, each class alike', () => {
    fc.assert(
      fc.property(request, ({ labels, limit, seed }) => {
        const taken = stratifiedSubset({ labels, limit, seed });
        expect(taken).toHaveLength(Math.min(limit, labels.length));
        expect(new Set(taken).size).toBe(taken.length);
        const count = (label: number, of: number[]) => of.filter((position) => labels[position] === label).length;
        const sizes = [...new Set(labels)].map((label) => ({
          all: count(label, [...labels.keys()]),
          own: count(label, taken),
        }));
        const most = Math.max(...sizes.map(({ own }) => own));
        for (const { all, own } of sizes) expect(own).toBeGreaterThanOrEqual(Math.min(all, most - 1));
      }),
    );
  });

  it('takes groups whole', () => {
    fc.assert(
      fc.property(request, ({ labels, limit, seed }) => {
        const groups = labels.map((label, i) => `${label}/${i % 4}`);
        const taken = new Set(stratifiedSubset({ labels, groups, limit, seed }));
        for (const group of new Set(groups)) {
          const members = [...groups.keys()].filter((i) => groups[i] === group).map((i) => taken.has(i));
          expect(new Set(members).size).toBe(1);
        }
      }),
    );
  });
});
