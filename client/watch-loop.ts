import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { isPassing } from './grpc.ts';
import { loopPlaces } from './loop-places.ts';
import { type LoopView, readLoop } from './loop-view.ts';
import type { Output } from './output.ts';
import { type WatchScreen, watchScreen } from './watch-screen.ts';

export interface WatchOptions {
  client: Client;
  home: string;
  loop: string;
  output: Output;
  /** Ends the watching, never the loop. */
  signal?: AbortSignal | undefined;
  /** Return as soon as the loop waits for a person. */
  untilAttention?: boolean | undefined;
  /** Longest time to watch, milliseconds; at most 2³¹ − 1, as timers are. */
  timeoutMs?: number | undefined;
  /** Time between two looks, milliseconds; 1 000 by default. */
  intervalMs?: number | undefined;
  format?: 'json' | 'jsonl' | undefined;
}

/**
 * Shows a loop until it ends: waits for it to exist, rides out blips and restarts of server and worker.
 * @returns the exit code of the outcome; 1 when Temporal closed the loop without one; 3 with `untilAttention`; 124 after
 *   `timeoutMs`; 130 when the signal came. The caller says how to come back.
 * @throws the client's errors that waiting does not mend.
 */
export async function watchLoop(options: WatchOptions): Promise<ExitCode> {
  const { home, loop, output, format } = options;
  const { signal, stop } = combined(options);
  const places = await loopPlaces(home, loop, options.client.options.namespace);
  const screen = watchScreen({ loop, output, format, places });
  let last: LoopView | undefined;
  try {
    while (!signal.aborted) {
      last = (await look(options, screen, signal)) ?? last;
      const code = last && codeOf(last, options.untilAttention === true);
      if (code !== undefined) return code;
      await rest(options.intervalMs ?? 1000, signal);
    }
    return options.signal?.aborted ? EXIT.interrupted : EXIT.timedOut;
  } finally {
    stop();
    screen.done(last, await loopPlaces(home, loop, options.client.options.namespace));
  }
}

/** One signal for Ctrl-C and the time limit; `stop` frees the timer. */
function combined({ signal, timeoutMs }: WatchOptions): { signal: AbortSignal; stop: () => void } {
  const limit = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => limit.abort(), timeoutMs);
  return { signal: AbortSignal.any(signal ? [signal, limit.signal] : [limit.signal]), stop: () => clearTimeout(timer) };
}

/** Reads and shows the loop once; undefined when the server is away or the watching ended meanwhile. */
async function look(options: WatchOptions, screen: WatchScreen, signal: AbortSignal): Promise<LoopView | undefined> {
  try {
    const { client, home, loop } = options;
    const view = await untilAborted(readLoop({ client, home, loop }), signal);
    if (view) screen.show(view);
    return view;
  } catch (error) {
    if (!isPassing(error)) throw error;
    screen.away(
      'The Temporal server does not answer; trying again (the loop is kept by the server and loses nothing).',
    );
    return undefined;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = () => aborted.resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The code with which watching ends; undefined while there is more to watch. */
function codeOf(view: LoopView, untilAttention: boolean): ExitCode | undefined {
  if (view.kind === 'finished') return exitCodeOf(view.result.outcome);
  if (view.kind === 'broken') return EXIT.unexpected;
  if (view.kind === 'running' && view.needsPerson && untilAttention) return EXIT.needsPerson;
  return undefined;
}
