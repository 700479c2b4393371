/** Why a loop ended; the closed list of the rules. `failed` never appears: what an operator can mend waits instead. */
export const OUTCOMES = [
  'target-reached',
  'good-enough',
  'not-improving',
  'target-unreachable',
  'images-exhausted',
  'budget-exhausted',
  'image-limit',
  'round-limit',
  'deadline',
  'stopped',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The model a loop recommends: the fewest images among those not really worse than the best. */
export interface Recommendation {
  model: string;
  round: number;
  /** Training images of that model, all classes together. */
  images: number;
  /** Measured metric, 0–1. */
  metric: number;
  /** 95 % interval of the metric, 0–1; null when it cannot be known (hold-out metric). */
  interval: [number, number] | null;
}

/** How a loop ended: written once to `outcome.json`, and the workflow's result. */
export interface LoopResult {
  schemaVersion: 1;
  loop: string;
  outcome: Outcome;
  /** One sentence with its numbers. */
  sentence: string;
  recommended: Recommendation | null;
  rounds: number;
  /** Accepted training images, all classes together. */
  images: number;
  /** Compute minutes billed by the vision service. */
  billedMinutes: number;
  /** Images that people handed in and no round used, all classes together. */
  unusedImages: number;
  /** ISO-8601 UTC. */
  endedAt: string;
}
