import { type Dice, dice } from '../../dev/random.ts';
import type { Changes } from '../../loop/changes.ts';
import { drawLoops, type LoopPlan } from './plan-loops.ts';

/** What the proxy does with a call to the vision service. */
export const HTTP_FAULTS = ['too-many', 'broken', 'reset-before', 'reset-after', 'truncated', 'slow'] as const;
export type HttpFault = (typeof HTTP_FAULTS)[number];

/** Which calls it does it to. */
export const ROUTES = ['register', 'train', 'look', 'evaluate', 'predict', 'any'] as const;
export type Route = (typeof ROUTES)[number];

export const KILLED = ['worker-1', 'worker-2', 'both-workers', 'service', 'temporal'] as const;
export type Killed = (typeof KILLED)[number];

export const ASKED = ['stop', 'stop-now', 'pause', 'adjust', 'cancel'] as const;
export type Asked = (typeof ASKED)[number];

/** What happens to a run beside its loops. All durations are milliseconds. */
export type Happening =
  | { kind: 'kill'; what: Killed; backMs: number }
  | { kind: 'freeze'; worker: 1 | 2; forMs: number }
  | { kind: 'http'; fault: HttpFault; route: Route; count: number; slowMs: number }
  /** A copy of the service's database, put back `ageMs` later. */
  | { kind: 'restore'; ageMs: number }
  | { kind: 'clock'; worker: 1 | 2; offsetMs: number; forMs: number }
  | { kind: 'disk-full'; forMs: number }
  | { kind: 'ask'; what: Asked; loop: number; resumeMs: number; set: Changes };

/** The n-th request of a route to the vision service since the run's start. */
export interface Trigger {
  route: Route;
  nth: number;
}

/** A happening, at a moment counted from the run's start, or as soon as a request comes if that is before the storm is over. */
export type Disturbance = Happening & { atMs: number; on?: Trigger };

/** One answer of the operator to a loop that needs attention. */
export interface Answer {
  answer: 'retry' | 'skip' | 'stop';
  afterMs: number;
  set?: Changes;
}

/** Everything that a run does, a function of its seed alone. */
export interface Plan {
  seed: number;
  loops: LoopPlan[];
  disturbances: Disturbance[];
  /** In the order in which they are used up; after the last one the operator ends what still asks. */
  answers: Answer[];
  /** When the harness ends what still runs. */
  stopAtMs: number;
}

/** Disturbances come in this time; after it a run has quiet to end. */
export const STORM_MS = 4500;
const STOP_AT_MS = 8500;

/** Draws what a run does. The same seed gives the same plan everywhere. */
export function drawPlan(seed: number): Plan {
  const chance = dice(seed);
  const loops = drawLoops(chance, seed);
  const count = chance.whole(1, 5);
  const drawn = Array.from({ length: count }, () => withTrigger(chance, drawDisturbance(chance, loops.length)));
  const answers = Array.from({ length: 12 }, () => drawAnswer(chance));
  return { seed, loops, disturbances: inOrder(atMostOneEach(drawn)), answers, stopAtMs: STOP_AT_MS };
}

function inOrder(disturbances: readonly Disturbance[]): Disturbance[] {
  return disturbances.toSorted((a, b) => a.atMs - b.atMs);
}

/** A restart takes a second or two: two of one kind would leave no time for the loops. */
function atMostOneEach(drawn: readonly Disturbance[]): Disturbance[] {
  const heavy = (each: Disturbance) => (each.kind === 'kill' ? `kill ${each.what}` : each.kind);
  const seen = new Set<string>();
  return drawn.filter((each) => {
    if (each.kind === 'http' || each.kind === 'ask') return true;
    const kind = heavy(each);
    if (seen.has(kind)) return false;
    seen.add(kind);
    return true;
  });
}

/** A kind is as likely as it stands here often. */
const KINDS = [
  ...Array<'kill'>(5).fill('kill'),
  ...Array<'http'>(4).fill('http'),
  ...Array<'ask'>(4).fill('ask'),
  ...(['freeze', 'freeze', 'restore', 'restore', 'clock', 'disk-full', 'disk-full'] as const),
];

function drawDisturbance(chance: Dice, loops: number): Disturbance {
  const atMs = chance.whole(0, STORM_MS);
  const worker = chance.pick([1, 2] as const);
  const forMs = chance.whole(500, 2500);
  const kind = chance.pick(KINDS);
  switch (kind) {
    case 'kill':
      return { kind, atMs, what: chance.pick(KILLED), backMs: chance.pick([0, 0, 300, 1500]) };
    case 'freeze':
      return { kind, atMs, worker, forMs: chance.whole(2500, 4000) };
    case 'http': {
      const [fault, route] = [chance.pick(HTTP_FAULTS), chance.pick(ROUTES)];
      return { kind, atMs, fault, route, count: chance.whole(1, 3), slowMs: chance.whole(300, 2500) };
    }
    case 'restore':
      return { kind, atMs, ageMs: chance.whole(300, 2500) };
    case 'clock':
      return { kind, atMs, worker, offsetMs: chance.pick([-1, 1]) * chance.whole(1, 30) * 60_000, forMs };
    case 'disk-full':
      return { kind, atMs, forMs };
    case 'ask':
      return {
        kind,
        atMs,
        what: chance.pick(ASKED),
        loop: chance.whole(0, loops - 1),
        resumeMs: forMs,
        set: drawSet(chance),
      };
  }
}

/** Half of what is hard for a service or a worker happens in the middle of a call: moments that a clock alone would rarely meet. */
function withTrigger(chance: Dice, disturbance: Disturbance): Disturbance {
  const [route, nth] = [chance.pick(TRIGGERS), chance.whole(1, 3)];
  const inTheMiddle = chance.roll() < 0.5 && (IN_THE_MIDDLE as readonly string[]).includes(disturbance.kind);
  return inTheMiddle ? { ...disturbance, on: { route, nth } } : disturbance;
}

const IN_THE_MIDDLE = ['kill', 'freeze', 'restore', 'disk-full'] as const;
const TRIGGERS = ['train', 'train', 'look', 'look', 'evaluate', 'predict', 'register'] as const;

/** Caps go up and down, also below what is used already; a target may come within reach. */
function drawSet(chance: Dice): Changes {
  const sets: Changes[] = [
    { 'caps.hours': chance.whole(1, 6) },
    { 'caps.rounds': chance.whole(1, 4) },
    { 'caps.images': chance.whole(6, 30) },
    { target: 0.3 },
    { 'training.hours': chance.whole(1, 3) },
    { 'caps.hours': chance.whole(1, 8), 'caps.rounds': chance.whole(2, 3) },
  ];
  return chance.pick(sets);
}

function drawAnswer(chance: Dice): Answer {
  const answer = chance.pick(['retry', 'retry', 'retry', 'retry', 'retry', 'retry', 'skip', 'stop'] as const);
  const afterMs = chance.whole(50, 700);
  const set = drawSet(chance);
  return { answer, afterMs, ...(answer !== 'stop' && chance.roll() < 0.2 ? { set } : {}) };
}
