import type { LoopSpecInput } from '../loop/spec.ts';

interface Steady {
  name: string;
  pool: string;
  evaluation: string;
  rounds: number;
}

/** A loop of so many rounds that all cost the same: two new images of each class every time, and nothing that ends it sooner. */
export function steadySpec({ name, pool, evaluation, rounds }: Steady): LoopSpecInput {
  return {
    name,
    collector: { kind: 'pool', path: pool },
    evaluation: { path: evaluation },
    imagesPerClass: 2,
    delta: { kind: 'fixed', imagesPerClass: 2 },
    policy: 'thresholds',
    patience: rounds,
    caps: { rounds },
  };
}
