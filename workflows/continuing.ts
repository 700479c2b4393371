import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { LoopContext } from './context.ts';
import type { LoopState } from './loop-state.ts';
import type { LoopInput } from './messages.ts';

/** Goes on in a new run with everything carried along, once no handler is in flight. Never returns. */
export async function continueInNewRun({ origin, state }: LoopContext): Promise<never> {
  await condition(allHandlersFinished);
  return continueAsNew<(input: LoopInput, carried: LoopState) => Promise<unknown>>(origin, state);
}
