import { describe, expect, it } from 'vitest';
import { type PlanService, planDocument } from '../../client/plan-document.ts';
import type { PlanSources } from '../../client/plan-sources.ts';
import { planText } from '../../client/render-plan.ts';
import { type LoopSpec, LoopSpecSchema } from '../../loop/spec.ts';

const SERVICE: PlanService = {
  minImagesPerClass: 2,
  minimumHours: (images) => Math.max(1, Math.ceil(images / 3000)),
  suggestedHours: (images) => Math.max(1, Math.ceil(images / 600)),
};
const SOURCES: PlanSources = {
  classes: ['cracked', 'intact', 'wet'],
  pool: null,
  evaluation: { images: 400, perClass: {}, errors: 0 },
};
const BASE = LoopSpecSchema.parse({
  name: 'tiles',
  classes: SOURCES.classes,
  collector: { kind: 'people' },
  evaluation: { path: '/yardstick' },
  target: 0.9,
  imagesPerClass: 8,
  caps: { images: 2400 },
});
const PRICES = { image: 0.4, trainingHour: 12, currency: 'EUR' };

/** A plan of the forecast policy with prices, changed as the test wants. */
function planned(change: Partial<LoopSpec> = {}) {
  const document = planDocument({ ...BASE, prices: PRICES, ...change }, SOURCES, SERVICE);
  return { ...document, sentences: ['Begins.'], passed: true, next: 'deltaloop start tiles.yaml --watch' };
}

function text(change: Partial<LoopSpec> = {}, width?: number): string {
  return planText(planned(change), { style: (_tone, plain) => plain, width });
}

describe('the plan of a forecast', () => {
  it('shows the slowest growth, and how soon and how late the image cap is reached', () => {
    const said = text();
    expect(said).toMatch(/^Rounds, at the slowest pace/m);
    expect(said).toMatch(/\n +1 +24 +8 +3 h +3 h +45\.60\n +2 +30 +10 +1 h +4 h +60\.00/);
    expect(said).toContain('reached in round 5 at the earliest and in round 22 at the latest');
    expect(planned().toImageLimit).toEqual({ images: 2400, least: 5, most: 22 });
  });

  it('says which parts of the first round are trained, or why none', () => {
    expect(text()).toContain('Parts of round 1 with 6 and 12 images are trained too');
    expect(text({ imagesPerClass: 3 })).toContain('which takes 8 images per class, and its smallest class has 3');
    const { firstRound, rounds } = planned({ caps: { ...BASE.caps, hours: 2 } });
    expect(firstRound.skipped).toContain(
      'takes 2 compute hours beside the 1 of the round itself, and caps.hours allows 2',
    );
    expect(rounds[0]?.reservedHours).toBe(1);
  });

  it('bounds the money by prices and caps, and says when nothing does', () => {
    expect(text()).toMatch(/money +1,248\.00 EUR \(0\.40 EUR an image, 12\.00 EUR a compute hour\)/);
    expect(text()).toMatch(/hours so far +money so far \(EUR\)/);
    const small = text({ prices: { image: 0.003, trainingHour: 1.123456 } });
    expect(small).toContain('(0.003 an image, 1.123456 a compute hour)');
    expect(small).toMatch(/hours so far +money so far\n/);
    const { images: _images, ...caps } = BASE.caps;
    expect(planned({ caps }).worst).toEqual({ hours: 24, images: null, cost: null });
    expect(text({ caps })).toContain('nothing limits them: set caps.images');
  });

  it('shows no money without prices', () => {
    expect(text({ prices: undefined })).not.toContain('money');
    expect(planned({ prices: undefined }).rounds[0]?.costSoFar).toBeNull();
  });
});

describe('at worst', () => {
  it('is what the rounds reserve at any pace, and the cap where trainings are repeated', () => {
    const one = { ...BASE.caps, rounds: 1 };
    expect(planned({ caps: one })).toMatchObject({ worst: { hours: 3, images: 24 }, repeated: { hours: 24 } });
    expect(text({ caps: one })).toMatch(/compute +3 h \(what the rounds reserve at most\)/);
    expect(text({ caps: one })).toMatch(/money +45\.60 EUR/);
    expect(text({ caps: one })).toMatch(
      /repeats +trainings .* never goes past 24 h in all \(caps\.hours\), 297\.60 EUR/,
    );
  });

  it('is the cap where the rounds would reserve more', () => {
    expect(planned().worst.hours).toBe(24);
    expect(text()).toMatch(/compute +24 h \(caps\.hours\)/);
    expect(text()).not.toContain('repeats');
  });
});

describe('the growth of a forecast', () => {
  it('doubles only where the parts of the first round do not give points enough', () => {
    expect(text()).toContain(
      'A forecast grows the images by at least a quarter and to at most four times as many each',
    );
    expect(text({ imagesPerClass: 3 })).toContain('A forecast doubles the images until there are 3 points, then grows');
    expect(text({ target: undefined })).toContain('by at least a quarter and to at most twice as many each round');
  });

  it('says once when the images are reached, and what limits them where no cap and no source does', () => {
    const soon = text({ caps: { ...BASE.caps, images: 30 } });
    expect(soon).toContain('All 30 images that cap and source allow are reached in round 2, if the other caps let it.');
    const { images: _images, ...caps } = BASE.caps;
    expect(text({ caps })).toContain(
      'Neither an image cap nor the source limits the images: only hours and rounds do.',
    );
  });
});

describe('the plan', () => {
  it('keeps inside the width of the terminal', () => {
    for (const width of [80, 120])
      for (const line of text({}, width).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('leaves out the middle of many rounds', () => {
    const many = text({ delta: { kind: 'fixed', imagesPerClass: 1 }, caps: { ...BASE.caps, hours: 500, rounds: 300 } });
    expect(many).toMatch(/\n +12 .*\n +… +…/);
    expect(many).toMatch(/\n +300 /);
    expect(many).not.toMatch(/\n +150 /);
  });

  it('says that the operator’s hours are below the minimum of a large round', () => {
    const said = text({ training: { hours: 1 }, caps: { ...BASE.caps, images: 9000, hours: 600, rounds: 60 } });
    expect(said).toContain('training.hours reserves 1 hour for each');
    expect(said).toContain('That is less than the 3 hours that 9,000 images take at least.');
  });

  it('says of a tiny evaluation set that it sees nothing', () => {
    const tiny = { ...SOURCES, evaluation: { images: 5, perClass: {}, errors: 0 } };
    const document = { ...planDocument(BASE, tiny, SERVICE), sentences: [], passed: true, next: '' };
    expect(planText(document, { style: (_tone, plain) => plain, width: undefined })).toContain(
      'too few to see any gain',
    );
  });
});
