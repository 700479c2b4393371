import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecisionFileSchema } from '../../loop/files.ts';
import { curveInWords, forecastInWords, pictureInWords } from '../../report/curve-words.ts';
import { drawnCurve, type LearningCurve, positionOn, valueOn } from '../../report/drawn-curve.ts';
import { learningCurveSvg } from '../../report/learning-curve.ts';
import { renderReport } from '../../report/render-report.ts';
import { curveOf } from '../../report/report-data.ts';
import { exampleReport, ROUNDS } from './example.ts';
import { type ForecastShape, forecastOf, noForecast } from './forecasts.ts';

const SHAPE: ForecastShape = { from: 18, last: 78, horizon: 400, next: 140 };

/** Four rounds of a running loop with what is said of it here. */
function running(more: Partial<LearningCurve> = {}): LearningCurve {
  const curve = curveOf({ ...exampleReport(), rounds: ROUNDS.slice(0, 4), decisions: [], result: null });
  return { ...curve, forecast: forecastOf(SHAPE), capImages: 400, ...more };
}

function drawn(curve: LearningCurve) {
  const picture = drawnCurve(curve);
  if (picture === null) throw new Error('the curve has points');
  return picture;
}

const marks = (svg: string | null, role: string) => svg?.match(new RegExp(`mark-${role} role-mark`, 'g'))?.length ?? 0;

describe('the picture of a forecast', () => {
  it('has the band, its median, the next round, the target and the cap with its words', async () => {
    const full = await learningCurveSvg(running());
    expect(marks(full, 'area')).toBe(1);
    for (const text of ['>target 0.84</text>', '>cap 400</text>', '>140</text>']) expect(full).toContain(text);
    const bare = await learningCurveSvg(running({ forecast: undefined, capImages: null }));
    expect(marks(bare, 'area')).toBe(0);
    expect(marks(full, 'line') - marks(bare, 'line')).toBe(1);
    expect(bare).not.toMatch(/cap 400|>140</);
  });

  it('has no band below three points, and says why', async () => {
    const curve = running({ rounds: ROUNDS.slice(0, 2), forecast: noForecast(2) });
    expect(marks(await learningCurveSvg(curve), 'area')).toBe(0);
    expect(forecastInWords(curve)).toBe(
      'Nothing is forecast yet: 2 points of the curve, too few to extrapolate (3 are needed).',
    );
    expect(pictureInWords(curve, '')).toBe('The cap of 400 images lies beyond the picture.');
  });

  it('writes the target where no point stands under its words', async () => {
    const at = async (curve: LearningCurve) =>
      Number((await learningCurveSvg(curve))?.match(/translate\(([\d.]+),[^>]*>target /)?.[1]);
    const [first] = ROUNDS;
    expect(await at(running({ target: first?.metric ?? 0 }))).toBeGreaterThan(100);
    expect(await at(running())).toBeLessThan(10);
  });

  it('shows parts of the first round as hollow points with their sizes', async () => {
    const subsets = [{ share: 0.5, images: 9, metric: 0.55 }];
    const svg = await learningCurveSvg(running({ subsets }));
    expect(svg).toContain('>9</text>');
    expect(marks(svg, 'symbol') - marks(await learningCurveSvg(running()), 'symbol')).toBe(1);
    expect(pictureInWords(running({ subsets }), '')).toContain('parts of the first round');
  });

  it('ends where the measured points are still readable, and says how far the forecast goes', () => {
    const far = running({ forecast: forecastOf({ ...SHAPE, horizon: 20_000 }), capImages: 20_000 });
    expect(drawn(far)).toMatchObject({ cutFrom: 20_000, cap: null });
    expect(drawn(far).band.at(-1)?.images).toBe(630);
    expect(pictureInWords(far, '')).toContain(
      'The forecast goes on to 20,000 images; the picture ends at 630, so that the measured points stay readable. The cap of 20,000 images lies beyond the picture.',
    );
    expect(drawn(running())).toMatchObject({ cutFrom: null, cap: 400 });
  });

  it('keeps the last forecast after the end, without a next round', () => {
    const ended = running({ ended: true });
    expect(drawn(ended).band).toEqual(drawn(running()).band);
    expect(drawn(ended).next).toBeNull();
    expect(curveInWords(ended)).toContain('The last forecast says');
  });

  it('holds every mark inside its frame, in the order of the images', () => {
    const size = fc.integer({ min: 1, max: 5000 });
    const shapes = fc.record({
      sizes: fc.uniqueArray(size, { minLength: 1, maxLength: 12 }).map((all) => all.sort((a, b) => a - b)),
      metrics: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 }),
      more: fc.integer({ min: 0, max: 100_000 }),
      spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
      cap: fc.option(fc.integer({ min: 1, max: 100_000 })),
      target: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    });
    fc.assert(
      fc.property(shapes, ({ sizes, metrics, more, spread, cap, target }) => {
        const [from = 1, last = 1] = [sizes[0], sizes.at(-1)];
        const [row] = ROUNDS;
        if (row === undefined) return;
        const rounds = sizes.map((images, i) => ({ ...row, round: i + 1, images, metric: metrics[i] ?? null }));
        const forecast = forecastOf({ from, last, horizon: last + more, next: last + Math.ceil(more / 2), spread });
        const { points, band, next, x, y, ...rest } = drawn(running({ rounds, forecast, capImages: cap, target }));
        const all = [...points, ...band, ...(next ? [next] : [])];
        const across = [...all.map(({ images }) => images), ...(rest.cap === null ? [] : [rest.cap])];
        const up = [...all.flatMap(({ low, high }) => [low, high]), ...(target === null ? [] : [target])];
        for (const place of [...across.map((n) => positionOn(x, n)), ...up.map((v) => positionOn(y, v))]) {
          expect(place).toBeGreaterThanOrEqual(0);
          expect(place).toBeLessThanOrEqual(1);
        }
        const places = points.map(({ images }) => positionOn(x, images));
        for (const [at, place] of places.entries()) if (at > 0) expect(place).toBeGreaterThan(places[at - 1] ?? 0);
        for (const n of across) expect(valueOn(x, positionOn(x, n)) / n).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('the forecast in words', () => {
  const needing = (needed: { low: number; median: number | null; high: number | null }) =>
    forecastInWords(running({ forecast: { ...forecastOf(SHAPE), probabilities: null, needed } }));

  it('is a range, also where an end of it is beyond the caps', () => {
    expect(needing({ low: 70, median: 120, high: 260 })).toBe(
      'The forecast says: about 120 more images (80 % between 70 and 260) for target 0.84.',
    );
    expect(needing({ low: 70, median: 120, high: null })).toContain('80 % from 70 to beyond reach');
    expect(needing({ low: 70, median: null, high: null })).toBe(
      'The forecast says: probably more images than are within reach (at least 70 more, with 90 %) for target 0.84.',
    );
    expect(needing({ low: 0, median: 0, high: 31 })).toContain(
      'perhaps no more images (80 % between 0 and 31) for target 0.84',
    );
  });

  it('tells the three probabilities, and without a target the gain of twice the images', () => {
    const odds = { claim: 0.001, grow: 0.999, giveUp: 0 };
    expect(forecastInWords(running({ forecast: { ...forecastOf(SHAPE), probabilities: odds } }))).toContain(
      'The target 0.84 is met now with a probability of under 1 %, later within the caps with over 99 %, and out of their reach with 0 %.',
    );
    const forecast = { ...forecastOf(SHAPE), probabilities: null, needed: null, gainOfDoubling: 0.34 };
    expect(forecastInWords(running({ target: null, forecast }))).toBe(
      'The forecast says: twice the images gain 0.01 or more with a probability of 34 % (20 % is needed to go on).',
    );
  });

  it('never rounds a probability across what it is held against, and asks for no images once the target is claimed', () => {
    const told = (probabilities: { claim: number; grow: number; giveUp: number }) =>
      forecastInWords(running({ forecast: { ...forecastOf(SHAPE), probabilities } }));
    const below = told({ claim: 0.648, grow: 0.15, giveUp: 0.202 });
    expect(below).toContain('about 120 more images');
    expect(below).toContain('met now with a probability of 64.8 %');
    expect(told({ claim: 0.001, grow: 0.2, giveUp: 0.799 })).toContain('out of their reach with 79.9 %');
    expect(told({ claim: 0.65, grow: 0.15, giveUp: 0.2 })).toBe(
      'The target 0.84 is met now with a probability of 65 %, later within the caps with 15 %, and out of their reach with 20 %.',
    );
  });
});

describe('the report of a loop with forecasts', () => {
  const withLast = (more: object) => {
    const data = exampleReport();
    return { ...data, decisions: data.decisions.map((each, i) => (i === 5 ? { ...each, ...more } : each)) };
  };

  it('draws the last decision’s forecast and tells it beside the picture', async () => {
    const page = await renderReport(withLast({ forecast: forecastOf({ ...SHAPE, last: 204 }) }));
    expect(marks(page, 'area')).toBe(2);
    expect(page).toContain('<figcaption><p>The last forecast says: about 120 more images');
  });

  it('leaves the other policy to the sentence, which tells of it', async () => {
    const sentence = 'Round 6: collect 2 more per class; thresholds would do the same.';
    const other = { policy: 'thresholds', words: 'thresholds would collect' };
    const page = await renderReport(withLast({ sentence, other }));
    expect(page.match(/thresholds would/g)).toHaveLength(1);
  });

  it('shows how the last images were split, with what each class is worth and its noise', async () => {
    const split = [
      { className: 'animal', have: 21, performance: 0.62, noise: 0.15, collect: 1200 },
      { className: 'face', have: 21, performance: null, noise: null, collect: 34 },
    ];
    const page = await renderReport(withLast({ split }));
    for (const text of ['Round 6 asked for 1,234 new images', '0.62 ± 0.15', '>–<', 'recall'])
      expect(page).toContain(text);
    expect(await renderReport(exampleReport())).not.toContain('asked for');
    // An image of a detector counts for several classes: their needs have no sum.
    const boxes = await renderReport({ ...withLast({ split }), task: 'detection' });
    for (const text of ['Round 6 asked for 34–1,200 more per class', 'AP50']) expect(boxes).toContain(text);
    expect(boxes).not.toContain('1,234');
  });
});

describe('the split of the last images', () => {
  it('is open for up to ten classes, and folded for more', async () => {
    const data = exampleReport();
    const page = (classes: number) => {
      const split = Array.from({ length: classes }, (_, at) => ({
        className: `class-${at}`,
        have: 1,
        performance: null,
        noise: null,
        collect: 1,
      }));
      return renderReport({ ...data, decisions: data.decisions.map((each) => ({ ...each, split })) });
    };
    expect(await page(10)).toContain('<details open><summary>Round 6 asked for');
    expect(await page(11)).toContain('<details><summary>Round 6 asked for');
  });
});

describe('a recorded decision', () => {
  const before = {
    input: { settings: { evaluationImages: 600 }, perClass: { red: 3 } },
    decision: { round: 1, sentence: 'First.', warnings: [], realGain: false },
  };

  it('from before there were forecasts is read and drawn as it was', async () => {
    const { decision, input } = DecisionFileSchema.parse(before);
    expect(input.subsets).toBeUndefined();
    const data = exampleReport();
    const page = await renderReport({ ...data, rounds: data.rounds.slice(0, 1), decisions: [decision], subsets: [] });
    expect(page).not.toMatch(/forecast/i);
  });

  it('keeps its forecast and its parts of the first round', () => {
    const subsets = [{ share: 0.25, images: 5, metric: 0.5, verdicts: '01' }];
    const forecast = forecastOf(SHAPE);
    const { input, decision } = DecisionFileSchema.parse({
      input: { ...before.input, subsets },
      decision: { ...before.decision, forecast },
    });
    expect(input.subsets).toEqual([{ share: 0.25, images: 5, metric: 0.5 }]);
    expect(decision.forecast).toEqual(forecast);
  });
});
