import { type Move, roundsOf, type Seen, type Strategy, type Task } from './strategy.ts';

interface Plain {
  name: string;
  title: string;
  /** Images after the next round. */
  next: (images: number, start: number) => number;
  /** Rounds in a row without a gain of `margin` over the best so far, after which it gives up. */
  patience: number;
  margin: number;
}

/**
 * The rules of thumb: claim as soon as the measured metric meets the target, otherwise collect by rote, and give up after `patience`
 * rounds in a row that did not beat the best so far by the margin.
 */
function plain({ name, title, next, patience, margin }: Plain): Strategy {
  const decide = (history: readonly Seen[], { target, start }: Task): Move => {
    const rounds = roundsOf(history);
    const last = rounds.at(-1);
    if (last && last.metric >= target) return { kind: 'claim' };
    if (badRounds(rounds, margin) >= patience) return { kind: 'give-up' };
    return { kind: 'grow', to: next(last?.images ?? start, start) };
  };
  return { name, title, subsets: false, decide };
}

/** Rounds in a row, up to now, below the best before them plus the margin. */
function badRounds(rounds: readonly Seen[], margin: number): number {
  let best = Number.NEGATIVE_INFINITY;
  let bad = 0;
  for (const { metric } of rounds) {
    bad = metric < best + margin ? bad + 1 : 0;
    best = Math.max(best, metric);
  }
  return bad;
}

const sameAgain = (images: number, start: number) => images + start;
const double = (images: number) => images * 2;

/** Fixed δ with patience 1 and 3, doubling with patience 2 and 3. */
export const PLAIN_POLICIES: readonly Strategy[] = [
  plain({ name: 'a1', title: 'fixed δ, patience 1', next: sameAgain, patience: 1, margin: 0.01 }),
  plain({ name: 'a3', title: 'fixed δ, patience 3', next: sameAgain, patience: 3, margin: 0.01 }),
  plain({ name: 'b2', title: 'doubling, patience 2', next: double, patience: 2, margin: 0.01 }),
  plain({ name: 'b3', title: 'doubling, patience 3', next: double, patience: 3, margin: 0.005 }),
];
