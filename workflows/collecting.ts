import { log, workflowInfo } from '@temporalio/workflow';
import type { Collected } from '../activities/types.ts';
import { durationMs } from '../loop/duration.ts';
import { enter, type LoopContext, ofLoop, work } from './context.ts';
import { continueInNewRun } from './continuing.ts';
import { add, imageCount, type LoopState, missing, subtract, total } from './loop-state.ts';
import { tell } from './notices.ts';
import { batchOf, collecting, wanted } from './summaries.ts';
import { attempt, gate, LoopEnd, needsAttention, wait } from './waiting.ts';

/**
 * Gets this round's images: drawn from the pool at once, or waited for from people.
 * @throws LoopEnd `images-exhausted` when nothing new came.
 */
export async function collect(ctx: LoopContext): Promise<Collected> {
  const { state, input } = ctx;
  await gate(ctx);
  if (state.phase !== 'collecting') enter(ctx, 'collecting', `Collecting ${wanted(input.spec, state.need)}`);
  if (input.spec.collector.kind === 'people') {
    await gather(ctx);
    ctx.alarm.cancel();
  }
  const { round, need, admissions } = state;
  const collected = await attempt(ctx, {
    step: 'collect',
    begins: true,
    run: () =>
      work(ctx, collecting(need, state.records, input.spec.task)).collectImages({
        ...ofLoop(ctx),
        round,
        need,
        admissions,
        ...roomOf(ctx),
      }),
  });
  state.waiting = subtract(state.waiting, collected.added);
  state.have = add(state.have, collected.added);
  count(state, collected);
  state.need = {};
  state.webhook = collected.webhook === true;
  state.collectingSince = null;
  if (total(collected.added) === 0) throw new LoopEnd('images-exhausted');
  return collected;
}

/** Where an image counts for several classes, the need cannot tell how many images the cap and the plan allow. */
function roomOf({ state, input: { spec } }: LoopContext): { room?: number } {
  if (spec.task !== 'detection') return {};
  const underCap = spec.caps.images === undefined ? Number.POSITIVE_INFINITY : spec.caps.images - imageCount(state);
  const room = Math.min(underCap, state.atMost ?? Number.POSITIVE_INFINITY);
  return room === Number.POSITIVE_INFINITY ? {} : { room: Math.max(0, room) };
}

/** Counts what only detection counts apart: images, and what classes have beyond what was asked. */
function count(state: LoopState, { images: added, surplus }: Collected): void {
  if (added === undefined) return;
  state.images = (state.images ?? 0) + added;
  if (surplus) state.surplus = surplus;
  if (state.waitingImages !== undefined) state.waitingImages -= added;
}

/** Waits until people have handed in what the round asks for, or the collector's deadline passes. */
async function gather(ctx: LoopContext): Promise<void> {
  const { state } = ctx;
  let asked = state.collectingSince !== null;
  for (;;) {
    state.collectingSince ??= startCollecting(ctx);
    await admitQueued(ctx);
    await gate(ctx);
    if (total(missing(state)) === 0) return;
    enter(ctx, 'collecting', `Waiting for ${wanted(ctx.input.spec, missing(state))} from people`);
    if (!asked) tell(ctx, 'waiting-for-people');
    asked = true;
    if (workflowInfo().continueAsNewSuggested) await continueInNewRun(ctx);
    if (await sleepUntilNews(ctx)) continue;
    if (isCollectorDeadline(ctx) && (await closeEarly(ctx))) return;
  }
}

function startCollecting({ state }: LoopContext): number {
  state.remindersSent = 0;
  return Date.now();
}

/** Returns false when time passed rather than something coming in. */
async function sleepUntilNews(ctx: LoopContext): Promise<boolean> {
  const { state } = ctx;
  const news = await wait(ctx, {
    until: () => state.queue.length > 0 || state.paused !== null,
    wake: {
      at: nextInstant(ctx),
      summary: `waiting until people have handed in ${wanted(ctx.input.spec, state.need)}`,
    },
  });
  if (!news && !isCollectorDeadline(ctx)) remind(ctx);
  return news;
}

function peopleSettings({ input }: LoopContext): { reminders: number[]; deadline: number | null } {
  const { collector } = input.spec;
  if (collector.kind !== 'people') return { reminders: [], deadline: null };
  const { reminders, deadline } = collector;
  return { reminders: reminders.map(durationMs), deadline: deadline === undefined ? null : durationMs(deadline) };
}

function nextInstant(ctx: LoopContext): number | null {
  const since = ctx.state.collectingSince ?? Date.now();
  const { reminders, deadline } = peopleSettings(ctx);
  const instants = [reminders[ctx.state.remindersSent], deadline].filter((ms): ms is number => typeof ms === 'number');
  return instants.length === 0 ? null : since + Math.min(...instants);
}

function isCollectorDeadline(ctx: LoopContext): boolean {
  const { deadline } = peopleSettings(ctx);
  return deadline !== null && Date.now() >= (ctx.state.collectingSince ?? Date.now()) + deadline;
}

function remind(ctx: LoopContext): void {
  const { state } = ctx;
  state.remindersSent += 1;
  log.warn('images are still missing', { round: state.round, missing: missing(state) });
  tell(ctx, 'reminder');
}

/** At the collector's deadline: train with what came if every class has enough, else ask. */
async function closeEarly(ctx: LoopContext): Promise<boolean> {
  const { state } = ctx;
  const minimum = state.frozen?.minImagesPerClass ?? 1;
  const short = Object.keys(state.need).filter(
    (name) => (state.have[name] ?? 0) + (state.waiting[name] ?? 0) < minimum,
  );
  if (short.length === 0) return true;
  await needsAttention(ctx, 'collect', {
    type: 'NotEnoughImages',
    message: `The deadline of this round’s collecting has passed; ${short.join(', ')} still need at least ${minimum} images each. \`retry\` waits once more.`,
  });
  state.collectingSince = null;
  return false;
}

/** Admits batches one after another; duplicates fall out by content hash against the loop's files. */
async function admitQueued(ctx: LoopContext): Promise<void> {
  const { state } = ctx;
  for (let batch = state.queue[0]; batch; batch = state.queue[0]) {
    const { manifest, by } = batch;
    const sequence = state.admissions + 1;
    const admitted = await attempt(ctx, {
      step: 'admit',
      begins: true,
      run: () =>
        work(ctx, `take in ${batchOf(batch)} from ${by ?? 'people'}`).admitBatch({
          ...ofLoop(ctx),
          sequence,
          manifest,
        }),
    });
    state.queue.shift();
    state.admissions = sequence;
    state.waiting = add(state.waiting, admitted.accepted);
    if (admitted.images !== undefined) state.waitingImages = (state.waitingImages ?? 0) + admitted.images;
  }
}
