import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ViewName } from '../../vision-service/backbones/views.ts';
import { Kernels } from '../../vision-service/heads/kernels.ts';
import { isFiniteHead } from '../../vision-service/heads/linear-head.ts';
import { rowsOf } from '../../vision-service/heads/rows.ts';
import { topKAccuracy } from '../../vision-service/metrics/classification.ts';
import { predictScores } from '../../vision-service/training/classifier.ts';
import { CrossValidation } from '../../vision-service/training/cross-validation.ts';
import { BudgetUsed } from '../../vision-service/training/pacer.ts';
import { type Recipe, recipeName } from '../../vision-service/training/recipes.ts';
import { type SearchSpace, searchRecipes } from '../../vision-service/training/search.ts';
import { stratifiedSubset } from '../../vision-service/training/subset.ts';
import { trainClassifier } from '../../vision-service/training/train-classifier.ts';
import { Trainer } from '../../vision-service/training/trainer.ts';
import { ViewsUnavailable } from '../../vision-service/training/training-set.ts';
import { improves, type Trial } from '../../vision-service/training/trial.ts';
import { clusters } from './compute-fixtures.ts';

const SPACE: SearchSpace = {
  logistic: true,
  few: false,
  viewSets: [{ views: ['mirrored'], expected: false }],
  uneven: true,
};
const rest = () => Promise.resolve();

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

/** A clock that ticks a millisecond whenever it is read. */
function tickingClock(): () => number {
  let now = 0;
  return () => {
    now += 1;
    return now;
  };
}

describe('a training under a budget', () => {
  const data = clusters({ classes: 3, perClass: 12, dimensions: 40, seed: 3 });
  const trainFor = (budgetMs: number) => trainClassifier({ ...data, seed: 1, budgetMs, clock: tickingClock() });

  it('always gives a model, with the metrics of its own recipe if any were made', async () => {
    for (const budgetMs of [0, 1, 10, 20, 40, 80, 160, 320]) {
      const { classifier, holdOut } = await trainFor(budgetMs);
      expect(topKAccuracy(predictScores(classifier, data.features), data.labels, 1)).toBeGreaterThan(0.9);
      expect(holdOut.scores).toHaveLength(holdOut.labels.length);
      if (classifier.search.tried === 0) expect(holdOut.labels).toEqual([]);
    }
  });

  it('stops the search at the budget, never past it by more than the cheapest final training', async () => {
    const whole = await trainFor(1e9);
    expect(whole.classifier.search.ended).toBe('nothing improved');
    for (const budgetMs of [0, 30, 60, 120]) {
      const cut = await trainFor(budgetMs);
      expect(cut.classifier.search.ended).toBe('budget used');
      expect(cut.classifier.search.tried).toBeLessThan(whole.classifier.search.tried);
      expect(cut.computeMs).toBeLessThanOrEqual(budgetMs + 10);
    }
  });

  it('gives cosine prototypes when there is no time for anything else', async () => {
    expect((await trainFor(0)).classifier).toMatchObject({ recipe: 'cosine prototypes', search: { tried: 0 } });
  });
});

/** Each image's features with a little noise that depends on the view. */
function viewsOf(features: readonly Float32Array[], asked: ViewName[] = []) {
  return (view: ViewName) => {
    asked.push(view);
    return Promise.resolve(features.map((feature) => feature.map((value, i) => value + (i % 3 === 0 ? 0.05 : 0))));
  };
}

describe('views of the training images', () => {
  const data = clusters({ classes: 2, perClass: 4, dimensions: 30, seed: 13 });
  const request = { ...data, seed: 1, budgetMs: 60_000 };

  it('are embedded once each, and used where they are expected to help', async () => {
    const asked: ViewName[] = [];
    const { classifier } = await trainClassifier({ ...request, views: viewsOf(data.features, asked) });
    expect(asked).toEqual(['mirrored', 'zoomed']);
    expect(classifier.search.skipped).toEqual([]);
  });

  it('are dropped when they make classes alike: an arrow to the left, mirrored, is one to the right', async () => {
    const [left = [], right = []] = [0, 1].map((label) => data.features.filter((_, i) => data.labels[i] === label));
    const swapped = [...right, ...left];
    const { classifier, holdOut } = await trainClassifier({ ...request, views: () => Promise.resolve(swapped) });
    expect(classifier.recipe).not.toContain('mirrored');
    expect(topKAccuracy(holdOut.scores, holdOut.labels, 1)).toBeGreaterThan(0.8);
  });

  it('are never scored, and never learnt from while their image is held out', async () => {
    const labels = data.labels.map((_, i) => i % 2);
    const noise = clusters({ classes: 1, perClass: labels.length, dimensions: 30, seed: 17 }).features;
    const kernels = await Kernels.open();
    const rows = rowsOf([...noise, ...noise]);
    const samples = { rows, labels: [...labels, ...labels], classes: 2, images: [...labels.keys(), ...labels.keys()] };
    const options = { dimensions: 30, kernels, asCounted: false, now: () => 0 };
    const leaky = new CrossValidation(
      samples,
      labels.map((_, i) => Math.floor(i / 2)),
      options,
    );
    const scores = await leaky.scores({ kind: 'discriminant', shrink: 0.1 }, rest);
    await kernels.close();
    const right = labels.filter(
      (label, i) => (scores?.data[2 * i + label] ?? 0) > (scores?.data[2 * i + 1 - label] ?? 0),
    );
    expect(scores?.count).toBe(labels.length);
    // Copies of the same images on the training side would make every one of them right.
    expect(right.length).toBeLessThan(labels.length);
  });

  it('are left out with the reason when there is no way to them, and when there are many images', async () => {
    const without = await trainClassifier(request);
    expect(without.classifier.search.skipped).toEqual(['mirrored and zoomed views: there is no way to them']);
    const many = clusters({ classes: 2, perClass: 151, dimensions: 8, seed: 1 });
    const asked: ViewName[] = [];
    const { classifier } = await trainClassifier({
      ...many,
      seed: 1,
      budgetMs: 60_000,
      views: viewsOf(many.features, asked),
    });
    expect(asked).toEqual([]);
    expect(classifier.search.skipped).toEqual(['mirrored and zoomed views: 302 images are more than 300']);
  });

  it('that cannot be had any more do not fail a training', async () => {
    const views = () => Promise.reject(new ViewsUnavailable('the image has changed'));
    const { classifier } = await trainClassifier({ ...request, views });
    expect(classifier.search.skipped).toContain('mirrored and zoomed views: the image has changed');
  });
});

describe('a head', () => {
  it('that is not finite is no trial', async () => {
    const { features, labels } = clusters({ classes: 2, perClass: 6, dimensions: 10, seed: 2 });
    const kernels = await Kernels.open();
    const broken = rowsOf([new Float32Array(10).fill(Number.NaN), ...features.slice(1)]);
    const options = { dimensions: 10, kernels, asCounted: false, now: () => 0 };
    for (const recipe of [{ kind: 'prototypes' }, { kind: 'discriminant', shrink: 0.5 }] as const) {
      const head = await new Trainer({ rows: broken, labels, classes: 2 }, options).fit(recipe, rest);
      expect(isFiniteHead(head)).toBe(false);
      const samples = { rows: broken, labels, classes: 2, images: [...labels.keys()] };
      const validation = new CrossValidation(
        samples,
        labels.map((_, i) => i % 3),
        options,
      );
      expect(await validation.scores(recipe, rest)).toBeUndefined();
    }
    await kernels.close();
  });

  it('counts classes as frequent as they are where that is told apart better', async () => {
    const data = clusters({ classes: 2, perClass: 60, dimensions: 20, seed: 9 });
    // Nine of ten images of one class, and labels that the features say little about.
    const labels = data.labels.map((_, i) => (i % 10 === 0 ? 1 : 0));
    const { classifier } = await trainClassifier({ ...data, labels, seed: 1, budgetMs: 60_000 });
    expect(classifier.recipe).toContain('classes as frequent as in training');
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
