import type { LoopSpecInput } from '../../loop/spec.ts';
import type { Sources } from './sources.ts';

/** A spec of one small round that reaches no target, with these changes. */
export function smallSpec(name: string, sources: Sources, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  return {
    name,
    ...sources,
    policy: 'thresholds',
    imagesPerClass: 2,
    target: 1,
    claim: 'lower-bound',
    caps: { rounds: 1 },
    ...more,
  };
}

/** The same without predictions, for tests of what comes before them. */
export function unpredictedSpec(name: string, sources: Sources, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  return smallSpec(name, sources, {
    ...more,
    evaluation: { predictions: false, ...sources.evaluation, ...more.evaluation },
  });
}
