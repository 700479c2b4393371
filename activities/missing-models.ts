import type { VisionClient } from '../vision/client.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import { LoopFailure } from './errors.ts';
import { poll } from './polling.ts';
import { lookUp } from './training.ts';

/** Whose model a request is about, and how long it may be missing. */
export interface ModelAt {
  client: VisionClient;
  /** Milliseconds; what older histories lack means not at all. */
  input: { model: string; missingMs?: number; pollMs?: number };
  vital: Vital;
}

const FIRST_LOOK_MS = 1000;

/**
 * Runs a request about a model; one that is only away for a while is waited for, up to `missingMs`.
 * @throws LoopFailure `ModelGone` when it stays away; what `run` throws.
 */
export async function orGone<T>(at: ModelAt, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof VisionHttpError)) throw error;
    if (error.status !== 404 && error.code !== 'modelNotFound') throw error;
    const seen = await lookAgain(at);
    if (seen === 'gone') throw gone(at);
    // The model was there all the time: something else is missing, and the answer stands.
    if (seen === 'there') throw error;
    return orGone(at, run);
  }
}

/** Looks a model up until it is found or has been missing for `missingMs`; `there` if the first look finds it. */
export async function lookAgain({ client, input, vital }: ModelAt): Promise<'there' | 'back' | 'gone'> {
  const { model, missingMs = 0, pollMs = FIRST_LOOK_MS } = input;
  const { signal, answered } = vital;
  const since = Date.now();
  let looks = 0;
  const found = await poll({
    look: () => lookUp(client, model, { signal }),
    done: (seen) => {
      looks += 1;
      answered(`${model}: ${seen?.status ?? 'not found'}`);
      return seen !== null || Date.now() - since >= missingMs;
    },
    firstMs: pollMs,
    signal,
  });
  if (found === null) return 'gone';
  return looks === 1 ? 'there' : 'back';
}

export function gone({ input: { model } }: Pick<ModelAt, 'input'>): LoopFailure {
  return new LoopFailure('ModelGone', `The service has no model ${model} any more.`);
}
