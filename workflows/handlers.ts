import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { type LoopContext, show } from './context.ts';
import { words } from './details.ts';
import { toProgress } from './loop-state.ts';
import {
  type Acknowledgement,
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
import { images } from './summaries.ts';

const SOMEBODY = 'Temporal UI';

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'Refused');
}

function refuseIfDone({ state, input }: LoopContext): void {
  if (state.result) refuse(`Loop ${input.spec.name} has ended: ${state.result.sentence}`);
}

/** Registers every handler before the first await, so that no early message is lost. Handlers never wait. */
export function registerHandlers(ctx: LoopContext): void {
  setHandler(progress, () => toProgress(ctx.input, ctx.state, words(ctx.input, ctx.state)), {
    description: 'What the loop is doing, its rounds, and what it waits for.',
  });
  setHandler(submitImages, (batch) => acceptBatch(ctx, batch), {
    description:
      'Hands in images; `deltaloop submit` copies them and sends this. {manifest: {uri, sha256}, counts: {class: images}, by}',
    validator: (batch) => checkBatch(ctx, batch),
  });
  setHandler(resolve, (answer) => takeAnswer(ctx, answer), {
    description: 'Answers a loop that needs attention. {"answer": "retry" | "stop", "by": "name", "reason": "text"}',
    validator: (answer) => checkAnswer(ctx, answer),
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
        'The loop pauses before its next step that spends or asks for images. A running training goes on.',
      );
    },
    {
      description:
        'Pauses before the next step that spends or asks people for something. {"by": "name", "reason": "text"}',
      validator: (_request?: PauseRequest) => refuseIfDone(ctx),
    },
  );
  setHandler(
    resume,
    (_request?: PauseRequest) => {
      state.paused = null;
      return acknowledge(ctx, 'The loop goes on.');
    },
    {
      description: 'Lets a paused loop go on. {"by": "name"}',
      validator: (_request?: PauseRequest) => {
        refuseIfDone(ctx);
        if (!state.paused) refuse('The loop is not paused; there is nothing to resume.');
      },
    },
  );
  setHandler(stop, (request?: StopRequest) => askToStop(ctx, request), {
    description:
      'Ends the loop after the running step; {"now": true} also cancels a running training. {"by": "name", "reason": "text"}',
    validator: (_request?: PauseRequest) => refuseIfDone(ctx),
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
  refuseIfDone(ctx);
  const { spec } = ctx.input;
  if (spec.collector.kind !== 'people') refuse(`Loop ${spec.name} draws from a pool; it takes no images from people.`);
  if (
    typeof batch?.manifest?.uri !== 'string' ||
    typeof batch.manifest.sha256 !== 'string' ||
    typeof batch.counts !== 'object'
  ) {
    refuse(`Not a batch of images. Hand images in with: deltaloop submit ${spec.name} DIR`);
  }
  const known = new Set(spec.classes);
  const unknown = Object.keys(batch.counts).filter((name) => !known.has(name));
  if (unknown.length > 0)
    refuse(`The loop has no class ${unknown.join(', ')}; its classes are ${[...known].join(', ')}.`);
}

function acceptBatch(ctx: LoopContext, batch: SubmittedBatch): Acknowledgement {
  const { state } = ctx;
  state.queue.push(batch);
  const round = state.phase === 'collecting' || state.round === 0 ? Math.max(1, state.round) : state.round + 1;
  return acknowledge(ctx, `${images(batch.counts)} queued for round ${round}.`);
}

function checkAnswer(ctx: LoopContext, answer: ResolveAnswer): void {
  refuseIfDone(ctx);
  if (!ctx.state.attention) refuse('The loop waits for no answer; see `deltaloop status` for what it is doing.');
  if (answer?.answer !== 'retry' && answer?.answer !== 'stop') refuse('The answer is one of: retry, stop.');
}

function takeAnswer(ctx: LoopContext, answer: ResolveAnswer): Acknowledgement {
  ctx.state.answer = answer;
  return acknowledge(ctx, answer.answer === 'retry' ? 'The loop tries the step again.' : 'The loop ends.');
}
