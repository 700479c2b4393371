import { stripVTControlCharacters, styleText } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveText, NARROWEST_CURVE } from '../../report/curve-text.ts';
import type { LearningCurve } from '../../report/drawn-curve.ts';
import { curveOf } from '../../report/report-data.ts';
import { TextCanvas } from '../../report/text-canvas.ts';
import { exampleReport, ROUNDS } from './example.ts';
import { forecastOf, noForecast } from './forecasts.ts';

/** Four rounds of a running loop with what is said of it here. */
function running(more: Partial<LearningCurve> = {}): LearningCurve {
  const curve = curveOf({ ...exampleReport(), rounds: ROUNDS.slice(0, 4), decisions: [], result: null });
  const forecast = forecastOf({ from: 18, last: 78, horizon: 400, next: 140 });
  return { ...curve, forecast, capImages: 400, ...more };
}

const SMALL = { width: 60, height: 9 };

describe('the learning curve as text', () => {
  it('shows rounds, bars, band, median, next round, target and cap', () => {
    expect(`\n${curveText(running(), SMALL)}\n`).toMatchInlineSnapshot(`
      "
      accuracyTop1 by training images, log scale
           │                                                   ┊
      0.90 ┤                                         ░░░░░░░░░░┊
      0.84 ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⢀⣀⣀⣀⡠⠤⠤⠤⠤⠒⠒⠒⠒⠒⠊⠁╌╌
      0.80 ┤                  │   ░░⢀●⣀⠤⠤⠤⠒⠒⠒⠉◇⠉⠁░░░░░░░░░░░░░░┊
           │              ░░⣀⣀●⠤⠒⠒⠉⠉⠁│░░░░░                    ┊
      0.70 ┤        ░⢀●⠤⠔⠒⠉⠉░░│                                ┊
           │  │░⣀⡠⠔⠒⠉⠁│░                                       ┊
      0.60 ┤  ●⠉░░                                             ┊
           │  │                                                ┊
           └──┬───────┬───────┬──────┬────────┬────────────────┬──
             18      30      48     78       140              400
        ● round │ its 95 % interval   ◇ next round: 140 images
        ░ forecast, 80 %   ⠒ its median   ╌ target 0.84
        ┊ cap 400 images
      "
    `);
  });

  it('shows no band before there is a forecast, and is linear below fourfold growth', () => {
    const young = running({ rounds: ROUNDS.slice(0, 2), forecast: noForecast(2), evaluationImages: null });
    expect(`\n${curveText(young, SMALL)}\n`).toMatchInlineSnapshot(`
      "
      accuracyTop1 (hold-out) by training images
      0.90 ┤
      0.84 ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
      0.80 ┤
           │
           │
      0.70 ┤                                                 ●
           │
      0.60 ┤    ●
           │
           └────┬────────────────────────────────────────────┬────
               18                                           30
        ● round   ╌ target 0.84
        the cap of 400 images is further right
      "
    `);
  });

  it('shows parts of the first round, the recommended round, and that a forecast goes on', () => {
    const subsets = [{ share: 0.5, images: 9, metric: 0.52 }];
    const forecast = forecastOf({ from: 9, last: 78, horizon: 20_000 });
    const ended = running({ subsets, forecast, recommendedRound: 4, ended: true });
    expect(`\n${curveText(ended, SMALL)}\n`).toMatchInlineSnapshot(`
      "
      accuracyTop1 by training images, log scale
      1.00 ┤                                              ┊
           │                                        ░░░░░░┊░░░░░
           │                            ░░░░⣀⣀⣀⣀⣀⠤⠤⠤⠤⠤⠤⠔⠒⠒⠒⠒⠒⠒⠒⠒
      0.84 ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⢀⣀⣀⠤⠤⠔⠒⠒◉⠉⠉⠉⠉╌╌╌╌╌╌╌╌╌╌╌╌╌╌┊╌╌╌╌╌╌╌
           │          ░⢀⣀⠤⠤⠒⠒⠉⠉⠁░●░    │                  ┊
           │     ⢀⣀⠤⠔⠒⠉⠁░░  ●    │                        ┊
      0.60 ┤  ⠤⠔⠊⠁░   ●     │                             ┊
           │          │                                   ┊
           │  ○                                           ┊
           └──┬───────┬─────┬────┬─────┬──────────────────┬────┬──
              9      18    30   48    78                 400  630
        ● round │ its 95 % interval   ◉ recommended
        ○ part of round 1   ░ forecast, 80 %   ⠒ its median
        ╌ target 0.84   ┊ cap 400 images
        the forecast goes on to 20,000 images
      "
    `);
  });

  it('is nothing with one point, without a metric, or where it has no room', () => {
    expect(curveText(running({ rounds: ROUNDS.slice(0, 1) }), SMALL)).toBe('');
    expect(curveText(running({ rounds: [] }), SMALL)).toBe('');
    expect(curveText(running(), { width: NARROWEST_CURVE - 1 })).toBe('');
    expect(curveText(running(), { width: NARROWEST_CURVE })).not.toBe('');
  });

  it('names a cap that lies beyond its edge', () => {
    expect(curveText(running({ capImages: 9000 }), SMALL)).toContain('the cap of 9,000 images is further right');
  });

  it('has the same signs with and without colour', () => {
    const coloured = curveText(running(), {
      ...SMALL,
      paint: (tone, text) => styleText(tone, text, { validateStream: false }),
    });
    expect(coloured).toContain('\u001b[');
    const plain = stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '');
    expect(plain).toBe(curveText(running(), SMALL));
  });

  it('fits every width and height, with every measured round in its place', () => {
    const sizes = fc.record({
      width: fc.integer({ min: NARROWEST_CURVE, max: 140 }),
      height: fc.integer({ min: 6, max: 30 }),
    });
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(sizes, values, ({ width, height }, metrics) => {
        const rounds = ROUNDS.slice(0, 4).map((each, i) => ({ ...each, metric: metrics[i] ?? null }));
        const lines = curveText(running({ rounds, forecast: undefined }), { width, height }).split('\n');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        const drawing = lines.slice(1, 1 + height);
        const columns = drawing.flatMap((line) => line.split('').flatMap((sign, at) => (sign === '●' ? [at] : [])));
        expect(columns).toHaveLength(4);
        expect(new Set(columns).size).toBe(4);
        for (const column of columns) expect(lines[1 + height]?.[column]).toMatch(/[─┬]/);
      }),
    );
  });
});

describe('a canvas of signs', () => {
  it('adds up dots inside one sign, covers what was there, and drops what is outside', () => {
    const canvas = new TextCanvas(2, 1);
    canvas.dot(0, 0, 'cyan');
    canvas.dot(1, 3, 'cyan');
    canvas.put(1, 0, { sign: '░', tone: null });
    canvas.put(2, 0, { sign: 'x', tone: null });
    canvas.put(0, -1, { sign: 'x', tone: null });
    expect(canvas.lines((tone, text) => `<${tone}>${text}`)).toEqual(['<cyan>⢁░']);
  });
});
