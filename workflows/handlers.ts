import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { CHANGE_KEYS, type Changes, changeProblems } from '../loop/changes.ts';
import { withCap } from './budget.ts';
import { type LoopContext, show } from './context.ts';
import { missing, toProgress, total } from './loop-state.ts';
import {
  type Acknowledgement,
  type AdjustRequest,
  adjust,
  type PauseRequest,
  pause,
  progress,
  type ResolveAnswer,
  resolve,
  resume,
  type StopRequest,
  type SubmittedBatch,
  stop,
  submitImages,
} from './messages.ts';
import { batchOf } from './summaries.ts';
import { words } from './words.ts';

const SOMEBODY = 'Temporal UI';

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'Refused');
}

function refuseIfDone({ state, input }: LoopContext): void {
  if (state.result) refuse(`Loop ${input.spec.name} has ended: ${state.result.sentence}`);
}

/** While the end is being written down, what is handed in or asked for would be acknowledged and lost. */
function refuseIfEnding(ctx: LoopContext): void {
  refuseIfDone(ctx);
  if (ctx.state.ending) refuse(`Loop ${ctx.input.spec.name} is ending; it takes nothing more.`);
}

/** Registers every handler before the first await, so that no early message is lost. Handlers never wait. */
export function registerHandlers(ctx: LoopContext): void {
  setHandler(progress, () => toProgress(ctx.input, ctx.state, words(ctx.input, ctx.state)), {
    description: 'What the loop is doing, what comes next and who must act, its images per class, and its rounds.',
  });
  setHandler(submitImages, (batch) => acceptBatch(ctx, batch), {
    description:
      'Hands in images. Not for typing: the command “deltaloop submit LOOP DIR” copies the images to the loop and then sends this.',
    validator: (batch) => checkBatch(ctx, batch),
  });
  setHandler(resolve, (answer) => takeAnswer(ctx, answer), {
    description:
      'Answers a loop that needs attention: "retry" tries the step again, "skip" goes on without this round’s metric, "stop" ends the loop. Data: {"answer": "retry", "by": "your name", "reason": "why", "set": {"caps.hours": 30}}; only the answer is needed',
    validator: (answer) => checkAnswer(ctx, answer),
  });
  setHandler(adjust, (request) => takeAdjustment(ctx, request), {
    description: `Changes a running loop from its next step on. Data: {"set": {"target": 0.9}, "by": "your name", "reason": "why"}. What can be set: ${CHANGE_KEYS.join(', ')}`,
    validator: (request) => checkAdjustment(ctx, request),
  });
  registerControls(ctx);
}

function registerControls(ctx: LoopContext): void {
  const { state } = ctx;
  setHandler(
    pause,
    (request?: PauseRequest) => {
      state.paused = { by: request?.by ?? SOMEBODY, reason: request?.reason ?? '' };
      return acknowledge(
        ctx,
        'The loop pauses before its next step that trains or asks people for images. A running training goes on.',
      );
    },
    {
      description:
        'Pauses before the next step that trains or asks people for images. Data, if you like: {"by": "your name", "reason": "why"}',
      validator: (_request?: PauseRequest) => refuseIfEnding(ctx),
    },
  );
  setHandler(
    resume,
    (_request?: PauseRequest) => {
      state.paused = null;
      return acknowledge(ctx, 'The loop goes on.');
    },
    {
      description: 'Lets a paused loop go on. Needs no data.',
      validator: (_request?: PauseRequest) => {
        refuseIfEnding(ctx);
        if (!state.paused) refuse('The loop is not paused; there is nothing to resume.');
      },
    },
  );
  setHandler(stop, (request?: StopRequest) => askToStop(ctx, request), {
    description:
      'Ends the loop after the running step; with "now", also cancels a running training. Data, if you like: {"now": true, "by": "your name", "reason": "why"}',
    validator: (_request?: PauseRequest) => refuseIfEnding(ctx),
  });
}

function acknowledge(ctx: LoopContext, message: string): Acknowledgement {
  show(ctx);
  return { message };
}

function askToStop(ctx: LoopContext, request?: StopRequest): Acknowledgement {
  const now = request?.now === true || ctx.state.stop?.now === true;
  ctx.state.stop = { now, by: request?.by ?? SOMEBODY, reason: request?.reason ?? '' };
  return acknowledge(
    ctx,
    now ? 'The loop ends now; a running training is cancelled.' : 'The loop ends after the running step.',
  );
}

function checkBatch(ctx: LoopContext, batch: SubmittedBatch): void {
  refuseIfEnding(ctx);
  const { spec } = ctx.input;
  if (spec.collector.kind !== 'people') refuse(`Loop ${spec.name} draws from a pool; it takes no images from people.`);
  if (!isBatch(batch)) refuse(`Not a batch of images. Hand images in with: deltaloop submit ${spec.name} DIR`);
  const known = new Set(spec.classes);
  const unknown = Object.keys(batch.counts).filter((name) => !known.has(name));
  if (unknown.length > 0)
    refuse(`The loop has no class ${unknown.join(', ')}; its classes are ${[...known].join(', ')}.`);
}

/** Whether this is what `deltaloop submit` sends: a manifest among the loop's batches, and whole numbers. */
function isBatch(batch: SubmittedBatch): boolean {
  const { uri, sha256 } = batch?.manifest ?? {};
  if (typeof uri !== 'string' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return false;
  if (!uri.startsWith('file:') || !uri.endsWith(`/batches/${sha256}.json`)) return false;
  if (typeof batch.counts !== 'object' || batch.counts === null) return false;
  return [...Object.values(batch.counts), batch.images ?? 0].every((count) => Number.isInteger(count) && count >= 0);
}

function acceptBatch(ctx: LoopContext, batch: SubmittedBatch): Acknowledgement {
  const { state } = ctx;
  const wanted = state.round === 0 || total(missing(state)) > 0;
  state.queue.push(batch);
  return acknowledge(ctx, `${batchOf(batch)} queued for round ${wanted ? Math.max(1, state.round) : state.round + 1}.`);
}

function checkAnswer(ctx: LoopContext, answer: ResolveAnswer): void {
  refuseIfDone(ctx);
  const { attention, answer: given, ending } = ctx.state;
  if (!attention) refuse('The loop waits for no answer: it does not need attention.');
  if (given) refuse(`The loop has been answered already: ${given.answer}, by ${given.by}.`);
  if (!isAnswer(answer?.answer))
    refuse('The answer is missing or unknown. Send {"answer": "retry"}, {"answer": "skip"} or {"answer": "stop"}.');
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

function takeAnswer(ctx: LoopContext, answer: ResolveAnswer): Acknowledgement {
  if (answer.set) change(ctx, answer.set);
  ctx.state.answer = { ...answer, by: answer.by ?? SOMEBODY };
  const changed = answer.set ? `, with ${inWords(answer.set)}` : '';
  return acknowledge(ctx, `${ANSWERS[answer.answer]}${changed}.`);
}

function checkAdjustment(ctx: LoopContext, request: AdjustRequest): void {
  refuseIfEnding(ctx);
  refuseProblems(changeProblems(ctx.input.spec, request?.set));
}

function takeAdjustment(ctx: LoopContext, { set }: AdjustRequest): Acknowledgement {
  change(ctx, set);
  return acknowledge(ctx, `From the next step on: ${inWords(set)}.`);
}

/** Puts changes into force; a budget that was set anew counts what is spent and reserved all the same. */
function change({ state }: LoopContext, set: Changes): void {
  state.changes = { ...state.changes, ...set };
  const hours = set['caps.hours'];
  if (hours !== undefined) state.budget = withCap(state.budget, hours);
}

function inWords(set: Changes): string {
  return Object.entries(set)
    .map(([key, value]) => `${key} = ${value ?? 'none'}`)
    .join(', ');
}
