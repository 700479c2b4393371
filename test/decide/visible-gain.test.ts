import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleGain } from '../../decide/visible-gain.ts';
import { startWarnings } from '../../decide/warnings.ts';
import { SETTINGS } from './inputs.ts';

const YARDSTICK = { size: 400, margin: 0.01, target: 0.9, predictions: true };

describe('the gain that an evaluation set can see', () => {
  it('with predictions is that of a paired test when 10 % of the verdicts change', () => {
    // 1.96 · √(0.1 · 400) + 2 = 14.4 images of 400.
    expect(visibleGain(YARDSTICK).gain).toBeCloseTo(14.396 / 400, 4);
  });

  it('without predictions is that of two samples at the target, or at 0.85', () => {
    expect(visibleGain({ ...YARDSTICK, predictions: false }).gain).toBeCloseTo(1.96 * Math.sqrt(0.18 / 400), 6);
    const without = visibleGain({ ...YARDSTICK, predictions: false, target: null });
    expect(without.gain).toBeCloseTo(1.96 * Math.sqrt(0.255 / 400), 6);
  });

  it('of a detector falls with the root of its images from 0.45', () => {
    expect(visibleGain({ ...YARDSTICK, size: 100, task: 'detection' }).gain).toBeCloseTo(0.045, 9);
  });

  it('is within the margin exactly when the set has the images that are enough, as the warning at the start says', () => {
    const yardsticks = fc.record({
      size: fc.integer({ min: 6, max: 20_000 }),
      margin: fc.double({ min: 0.002, max: 0.5, noNaN: true }),
      target: fc.option(fc.double({ min: 0.05, max: 0.95, noNaN: true })),
      predictions: fc.boolean(),
      detection: fc.boolean(),
    });
    fc.assert(
      fc.property(yardsticks, ({ detection, ...yardstick }) => {
        const task = detection ? ({ task: 'detection' } as const) : {};
        const { gain, enough } = visibleGain({ ...yardstick, ...task });
        const { size, margin, target, predictions } = yardstick;
        const warned = startWarnings({ ...SETTINGS, ...task, evaluationImages: size, margin, target }, predictions);
        expect(warned.length > 0).toBe(enough !== null && enough > size);
        // At the very border floating point may take either side.
        if (Math.abs(gain - margin) > 1e-9) expect(gain <= margin).toBe(enough !== null && enough <= size);
      }),
    );
  });

  it('has no size that is enough for a margin of 0', () => {
    expect(visibleGain({ ...YARDSTICK, margin: 0 }).enough).toBeNull();
  });
});
