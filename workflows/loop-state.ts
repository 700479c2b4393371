import type { Changes } from '../loop/changes.ts';
import type { Attention } from '../loop/failure.ts';
import type { JournalEntry } from '../loop/journal.ts';
import type { Notice } from '../loop/notice.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { LoopProgress, Phase } from '../loop/progress.ts';
import type { ClassCounts, FileRef, RoundRecord } from '../loop/round.ts';
import { type Budget, newBudget } from './budget.ts';
import type { LoopInput, ResolveAnswer, StopRequest, SubmittedBatch } from './messages.ts';
import type { Outage } from './outage.ts';

/** What `prepare` found out once and the loop carries along. */
export interface Frozen {
  classes: string[];
  /** `dataset` is the name it has at the service now; the name it had first is in `base`, the names tried so far in `version`. */
  evaluation: { dataset: string; hash: string; images: number; file: FileRef; base?: string; version?: number } | null;
  minImagesPerClass: number;
  /** The service that both hold for; absent in loops from before, where it is the spec’s. */
  service?: string;
}

/** Everything a run hands to the next one on continue-as-new; plain values only. */
export interface LoopState {
  phase: Phase;
  /** Since when the loop has been in it, epoch milliseconds; absent at the start. */
  phaseSince?: number;
  /** The step under way, in words. */
  doing: string;
  round: number;
  frozen: Frozen | null;
  /** Images per class that this round asks for; empty once it has them. */
  need: ClassCounts;
  /** Detection: images that this round may take at most, as the last decision said; absent where nothing but the cap limits it. */
  atMost?: number;
  /** Training images per class. */
  have: ClassCounts;
  /** Detection, where an image counts for every class that it shows: training images; absent for classification. */
  images?: number;
  /** Detection: images per class beyond what was asked so far. */
  surplus?: ClassCounts;
  records: RoundRecord[];
  lastDecision: string;
  warnings: string[];
  budget: Budget;
  /** What people changed of the spec since the start; absent while nothing was. */
  changes?: Changes;
  /** The service that the model under way belongs to, whatever people say meanwhile; absent between models. */
  bound?: string;
  /** What people said that is not in the loop’s folder yet, in order; absent for nothing. */
  journal?: JournalEntry[];
  /** Entries of the journal so far; absent for none. */
  journalled?: number;
  /** The last few of them, to be shown; absent for none. */
  said?: JournalEntry[];
  /** Rounds in a row without a metric. */
  withoutMetric: number;
  /** Batches that people handed in and the main function has not admitted yet, in order. */
  queue: SubmittedBatch[];
  /** Batches admitted so far. */
  admissions: number;
  /** Admitted images per class that no round has drawn yet. */
  waiting: ClassCounts;
  /** Detection: those images, each counted once. */
  waitingImages?: number;
  /** Epoch milliseconds; null when not collecting from people. */
  collectingSince: number | null;
  remindersSent: number;
  attention: Attention | null;
  /** The vision service has not answered for long; absent while it does. */
  outage?: Outage;
  answer: (ResolveAnswer & { by: string }) | null;
  paused: { by: string; reason: string } | null;
  stop: Required<StopRequest> | null;
  /** The outcome is known and being written down; nothing but that can be waited for. */
  ending: boolean;
  result: LoopResult | null;
  /** Whether the worker has a webhook for notices; absent while no step has said so. */
  webhook?: boolean;
  /** Notices that the webhook has not taken yet; absent for none. */
  outbox?: Notice[];
  /** Notices so far, of each kind; absent for none. */
  noticed?: Record<string, number>;
  /** Per cent of the budget that people were told of, and which budget it was; absent for none. */
  budgetTold?: { level: number; capMinutes: number };
  /** The search attributes as last written. */
  published: string;
}

export function initialState({ spec }: LoopInput): LoopState {
  return {
    phase: 'preparing',
    doing: 'Freezing the evaluation set and reading the images at hand',
    round: 0,
    frozen: null,
    need: {},
    have: {},
    records: [],
    lastDecision: '',
    warnings: [],
    budget: newBudget(spec.caps.hours),
    withoutMetric: 0,
    queue: [],
    admissions: 0,
    waiting: {},
    collectingSince: null,
    remindersSent: 0,
    attention: null,
    answer: null,
    paused: null,
    stop: null,
    ending: false,
    result: null,
    published: '',
  };
}

export function total(counts: ClassCounts): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

/** `a + b`, class by class. */
export function add(a: ClassCounts, b: ClassCounts): ClassCounts {
  const sum = { ...a };
  for (const [name, n] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}

/** `a − b`, class by class, never below zero. */
export function subtract(a: ClassCounts, b: ClassCounts): ClassCounts {
  return Object.fromEntries(Object.entries(a).map(([name, n]) => [name, Math.max(0, n - (b[name] ?? 0))]));
}

/** Training images, each counted once. */
export function imageCount({ images, have }: LoopState): number {
  return images ?? total(have);
}

/** Images that people handed in and no round has drawn, each counted once. */
export function unusedCount({ waitingImages, waiting, queue }: LoopState): number {
  const queued = queue.reduce((sum, { images, counts }) => sum + (images ?? total(counts)), 0);
  return (waitingImages ?? total(waiting)) + queued;
}

/** What this round still lacks per class, counting images that were admitted but not drawn yet. */
export function missing(state: LoopState): ClassCounts {
  return subtract(state.need, state.waiting);
}

export interface Words {
  state: string;
  next: string;
}

/** The state as people and programs see it: the `progress` query's answer. */
export function toProgress(input: LoopInput, state: LoopState, words: Words): LoopProgress {
  const { spec } = input;
  const classes = state.frozen?.classes ?? spec.classes ?? [];
  return {
    schemaVersion: 1,
    loop: spec.name,
    title: spec.title ?? spec.name,
    phase: state.phase,
    round: state.round,
    state: words.state,
    next: words.next,
    metric: spec.metric,
    target: spec.target ?? null,
    evaluationImages: state.frozen?.evaluation?.images ?? null,
    classes: classes.map((name) => ({
      name,
      have: state.have[name] ?? 0,
      need: missing(state)[name] ?? 0,
      ...(state.surplus === undefined ? {} : { surplus: state.surplus[name] ?? 0 }),
    })),
    rounds: state.records,
    lastDecision: state.lastDecision,
    attention: state.attention,
    budget: state.budget,
    caps: { hours: spec.caps.hours, images: spec.caps.images ?? null, rounds: spec.caps.rounds },
    journal: state.said ?? [],
    images: imageCount(state),
    deadline: input.deadline === null ? null : new Date(input.deadline).toISOString(),
    paused: state.paused !== null,
    warnings: state.warnings,
    result: state.result,
  };
}
