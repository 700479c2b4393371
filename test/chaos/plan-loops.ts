import { type Dice, dice } from '../../dev/random.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import type { FaultRules } from '../../vision-service/faults/schema.ts';

/** How a batch reaches the loop. */
export const HAND_INS = ['once', 'twice', 'other-id', 'both'] as const;
export type HandIn = (typeof HAND_INS)[number];

/** One hand-in of people: which of the prepared batches, when at the earliest (milliseconds of the run), and how often. */
export interface BatchPlan {
  batch: number;
  atMs: number;
  how: HandIn;
}

export interface LoopPlan {
  name: string;
  collector: 'pool' | 'people';
  task: 'classification' | 'detection';
  /** What the spec says beside its sources. */
  spec: Partial<Omit<LoopSpecInput, 'name' | 'collector' | 'evaluation'>>;
  /** In the order in which they are handed in; none for a pool. */
  batches: BatchPlan[];
}

/** Prepared batches of people: each a few images per class, the last ones with images that must not get in. */
export const BATCHES = 12;
const MOST_LOOPS = 3;

/** Ways in which the service itself says that a training failed, by what the name of a loop to which it happens ends with. */
const TRAINING_FAILURES = {
  'fails-unknown': 'unknown',
  'fails-diverged': 'diverged',
  'fails-budget': 'notEnoughBudget',
};

/** Rules of the service: the first training of every image set fails in the loops that are named for it; a further one does not. */
export const FAILING_TRAININGS: FaultRules = Object.entries(TRAINING_FAILURES).map(([name, code]) => ({
  match: { models: `-${name}-r\\d+-[0-9a-f]{12}-1$` },
  fault: { kind: 'failure', of: 'training', code },
}));

/** Draws the loops of a run; their names carry the seed, so that runs of one home never meet. */
export function drawLoops(chance: Dice, seed: number): LoopPlan[] {
  const count = chance.pick([1, 1, 2, 2, MOST_LOOPS]);
  // Dice of their own: what a seed did before there were such failures, it does still.
  const failures = dice(-1 - seed);
  return Array.from({ length: count }, (_, at) => {
    const fails = failures.roll() < 0.3 ? `-${failures.pick(Object.keys(TRAINING_FAILURES))}` : '';
    return drawLoop(chance, `chaos-${seed}-${'abc'[at]}${fails}`);
  });
}

function drawLoop(chance: Dice, name: string): LoopPlan {
  const kind = chance.pick(['pool', 'pool', 'pool', 'pool', 'people', 'people', 'people', 'detection'] as const);
  const spec = drawSpec(chance, kind === 'detection');
  const batches = drawBatches(chance);
  return {
    name,
    task: kind === 'detection' ? 'detection' : 'classification',
    collector: kind === 'people' ? 'people' : 'pool',
    spec,
    batches: kind === 'people' ? batches : [],
  };
}

/** A target that is never met: what ends the loop is its caps, or somebody. */
function drawSpec(chance: Dice, detection: boolean): LoopPlan['spec'] {
  const rounds = chance.whole(2, 3);
  const forecast = !detection && chance.roll() < 0.3;
  const caps = { hours: chance.whole(2, 8), rounds, ...(chance.roll() < 0.3 ? { images: chance.whole(9, 30) } : {}) };
  const shared = { caps, training: { hours: chance.pick([1, 1, 1, 2]) }, seed: chance.whole(0, 1_000_000) };
  if (detection)
    return {
      ...shared,
      task: 'detection',
      policy: 'thresholds',
      imagesPerClass: 3,
      target: 1,
      patience: 9,
      caps: { ...caps, rounds: 1 },
    };
  if (!forecast)
    return {
      ...shared,
      policy: 'thresholds',
      imagesPerClass: chance.whole(2, 3),
      target: 1,
      claim: 'lower-bound',
      patience: 9,
    };
  // Eight per class make room for the nested parts of the first round.
  return {
    ...shared,
    policy: 'forecast',
    imagesPerClass: chance.pick([3, 8]),
    target: 1,
    forecast: { confidence: 1, giveUp: 0 },
  };
}

function drawBatches(chance: Dice): BatchPlan[] {
  const order = chance.shuffle(Array.from({ length: BATCHES }, (_, at) => at));
  const again = order.slice(0, chance.whole(0, 2));
  return [...order, ...again].map((batch) => ({
    batch,
    atMs: chance.whole(0, 3500),
    how: chance.pick(['once', 'once', 'once', 'twice', 'other-id', 'both'] as const),
  }));
}
