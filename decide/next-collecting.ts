import type { ClassCounts, DecisionInput } from '../loop/round.ts';
import { CLASS_RATIO } from '../loop/training-set.ts';
import { nextDelta, nextDetectionDelta, totalOf } from './delta.ts';
import { LEAST_GROWTH, MOST_GROWTH } from './forecast/plan.ts';
import type { Situation } from './policy.ts';
import type { Collecting } from './sentence.ts';
import { classWeights, shareOut } from './split.ts';

/** δ with what its sentence says: how much, whether the cap on images cuts it. */
export function nextCollecting({ input, forecast }: Situation): Collecting {
  const { caps, settings } = input;
  const room = caps.capImages === null ? null : caps.capImages - caps.images;
  const size = settings.delta.kind === 'forecast' ? (forecast?.next ?? null) : null;
  if (settings.task === 'detection') return detection(input, { room, size });
  if (size === null) {
    const collect = nextDelta(input.perClass, settings.delta, room);
    const whole = nextDelta(input.perClass, settings.delta, null);
    return { collect, cut: totalOf(collect) < totalOf(whole) };
  }
  const extra = Math.max(1, Math.min(size - caps.images, room ?? Number.POSITIVE_INFINITY));
  const step = stepWords(size, caps.images);
  return {
    collect: shareOut(extra, sharingOf(input)),
    cut: room !== null && extra === room,
    ...(step === null ? {} : { step }),
  };
}

/** A size at a bound of the forecast would be read as its wish. */
function stepWords(size: number, images: number): string | null {
  if (size >= MOST_GROWTH * images) return `the most a round may grow, ×${MOST_GROWTH}`;
  return size === Math.max(images + 1, Math.ceil(LEAST_GROWTH * images)) ? 'the least step, a quarter' : null;
}

function sharingOf({ perClass, performance, settings }: DecisionInput) {
  return {
    perClass,
    ...(performance === undefined ? {} : { performance }),
    classRatio: settings.classRatio ?? CLASS_RATIO,
  };
}

/** Of a detector the cap cuts the draw, not the need, since an image counts for every class that it shows. */
function detection(input: DecisionInput, { room, size }: { room: number | null; size: number | null }): Collecting {
  const collect = detectionNeed(input, size);
  const total = totalOf(collect);
  const planned = size === null ? total : Math.max(1, size - input.caps.images);
  return {
    collect,
    cut: room !== null && room < Math.min(total, planned),
    atMost: Math.min(total, planned, room ?? total),
  };
}

/** The goal grows as the forecast's total does; weak classes go for more of it, strong ones for less. */
function detectionNeed(input: DecisionInput, size: number | null): ClassCounts {
  const { perClass, settings, ranShort, caps } = input;
  if (size === null) return nextDetectionDelta(perClass, settings.delta, ranShort);
  const delta = { kind: 'geometric', factor: size / Math.max(1, caps.images) } as const;
  const equal = nextDetectionDelta(perClass, delta, ranShort);
  const weights = classWeights(sharingOf(input));
  const mean = [...weights.values()].reduce((sum, weight) => sum + weight, 0) / Math.max(1, weights.size);
  const need = Object.entries(equal).map(([name, more]) => {
    const have = perClass[name] ?? 0;
    return [name, Math.max(0, Math.round(((have + more) * (weights.get(name) ?? 1)) / mean) - have)] as const;
  });
  return need.some(([, more]) => more > 0) ? Object.fromEntries(need) : equal;
}
