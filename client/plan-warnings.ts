import { cutWarning } from '../decide/first-round-words.ts';
import { minimumWarning, startWarnings } from '../decide/warnings.ts';
import { FORECAST_DEFAULTS } from '../loop/forecast.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import type { PlanSources } from './plan-sources.ts';

/** Classes that are named at most. */
const SHOWN = 10;

/** What is to be said of a plan: what the start will warn of, and classes that the pool cannot give a first round of. */
export function planWarnings(
  spec: LoopSpec,
  { pool, evaluation }: PlanSources,
  { minimum, need }: { minimum: number; need: ClassCounts },
): string[] {
  const { margin, target = null, claim, task, policy, imagesPerClass } = spec;
  const forecast = { ...FORECAST_DEFAULTS, ...spec.forecast };
  const settings = { evaluationImages: evaluation?.images ?? null, margin, target, claim, policy, forecast };
  const ofSet =
    evaluation?.images === 0
      ? []
      : startWarnings({ ...settings, ...(task === 'detection' && { task }) }, spec.evaluation?.predictions ?? false);
  return [
    ...ofSet,
    ...minimumWarning(imagesPerClass, minimum),
    ...cutWarning(need, Math.max(imagesPerClass, minimum), spec.caps.images ?? null),
    ...(pool === null ? [] : shortClasses(pool.perClass, need)),
  ];
}

function shortClasses(available: ClassCounts, need: ClassCounts): string[] {
  const short = Object.entries(need).filter(([name, count]) => (available[name] ?? 0) < count);
  if (short.length === 0) return [];
  const list = short.slice(0, SHOWN).map(([name, count]) => `${name} ${available[name] ?? 0} of ${count}`);
  const rest = short.length > SHOWN ? `, and ${short.length - SHOWN} more classes` : '';
  return [`The pool does not hold the first round of every class: ${list.join(', ')}${rest}.`];
}
