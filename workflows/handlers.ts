import { setHandler } from '@temporalio/workflow';
import { CHANGE_KEYS } from '../loop/changes.ts';
import { checkAdjustment, checkAnswer, takeAdjustment, takeAnswer } from './answering.ts';
import type { LoopContext } from './context.ts';
import { note } from './journal.ts';
import { missing, toProgress, total } from './loop-state.ts';
import {
  type Acknowledgement,
  adjust,
  type PauseRequest,
  pause,
  progress,
  resolve,
  resume,
  type StopRequest,
  type SubmittedBatch,
  stop,
  submitImages,
} from './messages.ts';
import { acknowledge, nameOf, refuse, refuseIfEnding, refuseStrangers } from './refusing.ts';
import { batchOf } from './summaries.ts';
import { words } from './words.ts';

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
  const check = (known: readonly string[]) => (request?: PauseRequest | StopRequest) => {
    refuseIfEnding(ctx);
    if (request !== undefined && request !== null) refuseStrangers(request, known);
  };
  setHandler(pause, (request?: PauseRequest) => askToPause(ctx, request), {
    description:
      'Pauses before the next step that trains or asks people for images. Data, if you like: {"by": "your name", "reason": "why"}',
    validator: check([]),
  });
  setHandler(resume, (request?: PauseRequest) => askToResume(ctx, request), {
    description: 'Lets a paused loop go on. Data, if you like: {"by": "your name", "reason": "why"}',
    validator: (request?: PauseRequest) => {
      check([])(request);
      if (!ctx.state.paused) refuse('The loop is not paused; there is nothing to resume.');
    },
  });
  setHandler(stop, (request?: StopRequest) => askToStop(ctx, request), {
    description:
      'Ends the loop after the running step; with "now", also cancels a running training. Data, if you like: {"now": true, "by": "your name", "reason": "why"}',
    validator: (request?: StopRequest) => {
      check(['now'])(request);
      // To take what is meant as “now” for “later” would pay for a training that nobody wants.
      if (typeof (request?.now ?? false) !== 'boolean') refuse('“now” must be true or false.');
    },
  });
}

function askToPause(ctx: LoopContext, request?: PauseRequest): Acknowledgement {
  const said = { by: nameOf(request), reason: request?.reason ?? '' };
  ctx.state.paused = said;
  note(ctx.state, { kind: 'pause', ...said });
  return acknowledge(
    ctx,
    'The loop pauses before its next step that trains or asks people for images. A running training goes on.',
  );
}

function askToResume(ctx: LoopContext, request?: PauseRequest): Acknowledgement {
  ctx.state.paused = null;
  note(ctx.state, { kind: 'resume', by: nameOf(request), reason: request?.reason ?? '' });
  return acknowledge(ctx, 'The loop goes on.');
}

function askToStop(ctx: LoopContext, request?: StopRequest): Acknowledgement {
  const said = { by: nameOf(request), reason: request?.reason ?? '' };
  const now = request?.now === true || ctx.state.stop?.now === true;
  ctx.state.stop = { now, ...said };
  note(ctx.state, { kind: 'stop', ...said, ...(now && { now }) });
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
  if (typeof batch.counts !== 'object' || batch.counts === null || Array.isArray(batch.counts)) return false;
  if (typeof (batch.by ?? '') !== 'string') return false;
  return [...Object.values(batch.counts), batch.images ?? 0].every((count) => Number.isInteger(count) && count >= 0);
}

function acceptBatch(ctx: LoopContext, batch: SubmittedBatch): Acknowledgement {
  const { state } = ctx;
  const wanted = state.round === 0 || total(missing(state)) > 0;
  state.queue.push(batch);
  return acknowledge(ctx, `${batchOf(batch)} queued for round ${wanted ? Math.max(1, state.round) : state.round + 1}.`);
}
