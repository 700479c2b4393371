import { ApplicationFailure } from '@temporalio/workflow';
import { type LoopContext, show } from './context.ts';
import type { Acknowledgement } from './messages.ts';

const SOMEBODY = 'Temporal UI';
/** Characters. */
const LONGEST = { by: 100, reason: 2000 };

/** Refuses a message with a sentence that a person can act on; called from validators, it leaves no event. */
export function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'Refused');
}

export function refuseIfDone({ state, input }: LoopContext): void {
  if (state.result) refuse(`Loop ${input.spec.name} has ended: ${state.result.sentence}`);
}

/** While the end is being written down, what is handed in or asked for would be acknowledged and lost. */
export function refuseIfEnding(ctx: LoopContext): void {
  refuseIfDone(ctx);
  if (ctx.state.ending) refuse(`Loop ${ctx.input.spec.name} is ending; it takes nothing more.`);
}

/**
 * Refuses what is no object, a name or a reason that is no text, and keys that mean nothing, which are mistyped ones: all of them at once.
 * @param known keys beside `by` and `reason`
 */
export function refuseStrangers(request: unknown, known: readonly string[]): void {
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    refuse(`The data must be an object with: ${[...known, 'by', 'reason'].join(', ')}.`);
  const allowed = [...known, 'by', 'reason'];
  const problems = Object.entries(request).flatMap(([key, value]) => {
    if (!allowed.includes(key)) return [`${JSON.stringify(key)} means nothing here; known: ${allowed.join(', ')}.`];
    if (key !== 'by' && key !== 'reason') return [];
    if (typeof value !== 'string') return [`“${key}” must be a text.`];
    return value.length > LONGEST[key] ? [`“${key}” may have ${LONGEST[key]} characters; it has ${value.length}.`] : [];
  });
  if (problems.length > 0) refuse(problems.join(' '));
}

/** Who sent a message; absent means somebody at the Temporal UI. */
export function nameOf(request: { by?: string } | undefined): string {
  return request?.by || SOMEBODY;
}

export function acknowledge(ctx: LoopContext, message: string): Acknowledgement {
  show(ctx);
  return { message };
}
