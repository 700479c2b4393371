import { z } from 'zod';
import type { Changes } from '../../../loop/changes.ts';
import { RoundDrawSchema } from '../../../loop/files.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import type { Step } from '../history.ts';
import { type Checked, readAs } from './folder.ts';

const TrainSchema = z.looseObject({ model: z.string(), hours: z.number() });
const RoundSchema = z.looseObject({ round: z.number() });

/**
 * Invariant 4: at no moment was a training begun, an image asked for or a round started that the caps in force did not allow. What is
 * compared is what the service billed, by its ledger and by the answers that the proxy saw, not what the loop believed.
 */
export function capsHeld({ loops, ledger, requests }: Pick<Evidence, 'loops' | 'ledger' | 'requests'>): Checked {
  const billed = new Map<string, number>();
  const count = (model: string, minutes: number) => billed.set(model, Math.max(billed.get(model) ?? 0, minutes));
  for (const { model, billedMinutes } of ledger) count(model, billedMinutes);
  for (const { model } of requests) if (model) count(model.name, model.minutes ?? 0);
  return {
    problems: loops.flatMap((loop) => walk(loop, billed).map((problem) => `${loop.name}: ${problem}`)),
    notes: [],
  };
}

/** The caps of a loop as its history goes on. */
interface Caps {
  minutes: number;
  rounds: number;
  images: number;
}

interface Walk {
  loop: LoopEvidence;
  billed: ReadonlyMap<string, number>;
  caps: Caps;
  /** The caps since the last decision: what a round was decided under stays allowed when a cap is lowered after it. */
  decidedUnder: Caps[];
  /** Whole hours asked for, by model. */
  trainings: Map<string, number>;
  problems: string[];
}

function walk(loop: LoopEvidence, billed: ReadonlyMap<string, number>): string[] {
  const { caps } = loop.spec;
  const start = { minutes: caps.hours * 60, rounds: caps.rounds, images: caps.images ?? Number.POSITIVE_INFINITY };
  const state: Walk = { loop, billed, caps: start, decidedUnder: [start], trainings: new Map(), problems: [] };
  for (const step of loop.history.steps) {
    if (step.kind === 'update') change(state, step);
    if (step.kind === 'scheduled') scheduled(state, step);
  }
  return state.problems;
}

function change(state: Walk, { name, argument }: Extract<Step, { kind: 'update' }>): void {
  if (name !== 'adjust' && name !== 'resolve') return;
  const { set = {} } = (argument ?? {}) as { set?: Changes };
  const { minutes, rounds, images } = state.caps;
  const wanted = set['caps.images'];
  state.caps = {
    minutes: set['caps.hours'] === undefined ? minutes : set['caps.hours'] * 60,
    rounds: set['caps.rounds'] ?? rounds,
    images: wanted === null ? Number.POSITIVE_INFINITY : (wanted ?? images),
  };
  state.decidedUnder.push(state.caps);
}

function scheduled(state: Walk, { name, input }: Extract<Step, { kind: 'scheduled' }>): void {
  if (name === 'decideRound') state.decidedUnder = [state.caps];
  if (name === 'startTraining') training(state, TrainSchema.parse(input));
  if (name === 'collectImages') collecting(state, RoundSchema.parse(input).round);
}

function training({ caps, billed, trainings, problems }: Walk, { model, hours }: z.infer<typeof TrainSchema>): void {
  if (trainings.has(model)) return;
  const before = [...trainings.keys()].reduce((sum, name) => sum + (billed.get(name) ?? 0), 0);
  trainings.set(model, hours);
  if (before + hours * 60 > caps.minutes)
    problems.push(`training ${model} of ${hours} h began with ${before} of ${caps.minutes} minutes billed already`);
  const own = billed.get(model) ?? 0;
  if (own > hours * 60) problems.push(`training ${model} was billed ${own} minutes of the ${hours * 60} it was given`);
}

function collecting({ loop, decidedUnder, problems }: Walk, round: number): void {
  const most = (of: keyof Caps) => Math.max(...decidedUnder.map((caps) => caps[of]));
  if (round > most('rounds')) problems.push(`round ${round} began, and the cap was ${most('rounds')}`);
  const drawn = (last: number) =>
    Array.from(
      { length: last },
      (_, at) => readAs(loop, `rounds/${at + 1}/draw.json`, RoundDrawSchema)?.images.length ?? 0,
    ).reduce((a, b) => a + b, 0);
  const [before, after] = [drawn(round - 1), drawn(round)];
  if (after > Math.max(before, most('images')))
    problems.push(`round ${round} brought the images to ${after}, and the cap was ${most('images')}`);
}
