import { type Changes, changeProblems, changesInWords, valuesOf } from '../loop/changes.ts';
import type { JournalEntry } from '../loop/journal.ts';
import { hoursLeft, withCap } from './budget.ts';
import { type LoopContext, republish } from './context.ts';
import { note } from './journal.ts';
import { imageCount } from './loop-state.ts';
import type { AdjustRequest, ResolveAnswer } from './messages.ts';
import { acknowledge, nameOf, refuse, refuseIfDone, refuseIfEnding, refuseStrangers } from './refusing.ts';

export function checkAnswer(ctx: LoopContext, answer: ResolveAnswer): void {
  refuseIfDone(ctx);
  const { attention, answer: given, ending } = ctx.state;
  if (!attention) refuse('The loop waits for no answer: it does not need attention.');
  if (given) refuse(`The loop has been answered already: ${given.answer}, by ${given.by}.`);
  if (!isAnswer(answer?.answer))
    refuse('The answer is missing or unknown. Send {"answer": "retry"}, {"answer": "skip"} or {"answer": "stop"}.');
  refuseStrangers(answer, ['answer', 'set']);
  if (ending && answer.answer !== 'retry')
    refuse('The loop is ending already and only writes that down: answer retry.');
  if (answer.answer === 'skip' && !attention.canSkip)
    refuse(`The step ${attention.step} cannot be skipped: without it there is no round. Answer retry or stop.`);
  if (answer.set === undefined) return;
  if (answer.answer === 'stop') refuse('A loop that ends has nothing to change: leave “set” out, or answer retry.');
  refuseProblems(changeProblems(ctx.input.spec, answer.set));
}

const ANSWERS = {
  retry: 'The loop tries the step again',
  skip: 'The round goes on without a metric',
  stop: 'The loop ends',
};

function isAnswer(answer: unknown): answer is keyof typeof ANSWERS {
  return typeof answer === 'string' && Object.hasOwn(ANSWERS, answer);
}

function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) refuse(problems.join(' '));
}

export function takeAnswer(ctx: LoopContext, request: ResolveAnswer) {
  const { state } = ctx;
  const { answer, set, reason = '' } = request;
  const by = nameOf(request);
  const about = state.attention;
  note(state, {
    kind: 'resolve',
    by,
    reason,
    answer,
    ...(about && { about: { type: about.type, step: about.step, message: about.message } }),
    ...changed(ctx, set),
  });
  if (set) change(ctx, set);
  state.answer = { ...request, by };
  return acknowledge(ctx, `${ANSWERS[answer]}${set ? `, with ${changesInWords(set)}` : ''}.`);
}

export function checkAdjustment(ctx: LoopContext, request: AdjustRequest): void {
  refuseIfEnding(ctx);
  refuseStrangers(request, ['set']);
  refuseProblems(changeProblems(ctx.input.spec, request?.set));
}

export function takeAdjustment(ctx: LoopContext, request: AdjustRequest) {
  const { set, reason = '' } = request;
  note(ctx.state, { kind: 'adjust', by: nameOf(request), reason, ...changed(ctx, set) });
  change(ctx, set);
  if (set.target !== undefined) republish(ctx);
  return acknowledge(ctx, [`From the next step on: ${changesInWords(set)}.`, ...spentAlready(ctx)].join(' '));
}

/** What a cap that was lowered under what is used ends, in sentences; what is under way goes on. */
function spentAlready({ input, state }: LoopContext): string[] {
  const { images, rounds } = input.spec.caps;
  const used = imageCount(state);
  return [
    hoursLeft(state.budget) < 1 ? 'As of now that leaves no whole hour for a further training.' : '',
    images !== undefined && used >= images ? `The loop has ${used} images already: it collects no more.` : '',
    state.round > rounds ? `Round ${state.round} is under way: it goes on, and no other begins.` : '',
  ].filter(Boolean);
}

/** What an entry of the journal says of a change: the new values, and those before. */
function changed({ input }: LoopContext, set: Changes | undefined): Pick<JournalEntry, 'set' | 'before'> {
  if (set === undefined) return {};
  return { set, before: valuesOf(input.spec, Object.keys(set) as (keyof Changes)[]) };
}

/** Puts changes into force; a budget that was set anew counts what is spent and reserved all the same. */
function change({ state }: LoopContext, set: Changes): void {
  state.changes = { ...state.changes, ...set };
  const hours = set['caps.hours'];
  if (hours !== undefined) state.budget = withCap(state.budget, hours);
}
