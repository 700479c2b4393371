import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Child, type ChildPlan } from './child.ts';
import { choosePort } from './ports.ts';
import { reasonOf } from './say.ts';
import {
  keepClosedLoops,
  registerSearchAttributes,
  searchAttributeFlags,
  waitForNamespace,
} from './temporal-namespace.ts';
import { localEnvironment, localNamespace, type TemporalServer, type TemporalServerOptions } from './temporal-types.ts';

const START_MS = 45_000;
const STOP_MS = 10_000;

/** Another program took a port between choosing it and using it; a new try chooses again. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/**
 * Starts `temporal server start-dev` as a child on the loopback interface and waits until it serves.
 * @param binary path of the Temporal CLI
 * @throws PortTakenError; Error with the last words of its log when it does not serve within 45 seconds
 */
export async function startLocalTemporal(binary: string, options: TemporalServerOptions): Promise<TemporalServer> {
  const wanted = options.ports ?? { grpc: 7233, ui: 8233 };
  const grpc = await choosePort('Temporal', wanted.grpc, options.say);
  const ui = await choosePort('Temporal UI', wanted.ui, options.say);
  const address = `127.0.0.1:${grpc}`;
  const namespace = localNamespace(options.env);
  const child = await Child.start(await plan(binary, { grpc, ui }, options));
  try {
    await untilServing(child, { address, namespace, signal: options.signal });
  } catch (error) {
    throw await explain(child, error);
  }
  const stop = async (): Promise<void> => void (await child.stop(STOP_MS));
  return {
    address,
    uiUrl: `http://127.0.0.1:${ui}`,
    namespace,
    started: true,
    pid: child.pid,
    ended: child.ended,
    stop,
  };
}

async function plan(
  binary: string,
  ports: { grpc: number; ui: number },
  options: TemporalServerOptions,
): Promise<ChildPlan> {
  const folder = join(options.home, 'temporal');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Measured: with these two pragmas and eager activities a loop's steps run about four times as fast as without.
  const pragmas = '--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=1'.split(' ');
  const args = [
    ...`server start-dev --ip 127.0.0.1 --port ${ports.grpc} --ui-port ${ports.ui}`.split(' '),
    ...'--log-format json --log-level warn --dynamic-config-value system.enableActivityEagerExecution=true'.split(' '),
    '--namespace',
    localNamespace(options.env),
    ...(options.ephemeral ? [] : ['--db-filename', join(folder, 'dev.db'), ...pragmas]),
    ...searchAttributeFlags(),
  ];
  const logs = join(options.home, 'logs');
  return { name: 'temporal', command: binary, args, env: localEnvironment(options.env), logs };
}

/** Stops a server that did not come up and says why it did not. */
async function explain(child: Child, error: unknown): Promise<Error> {
  await child.stop(STOP_MS);
  const words = await child.logTail();
  if (/address already in use/i.test(words)) return new PortTakenError('a port was taken by another program meanwhile');
  const message = `The local Temporal server does not come up: ${reasonOf(error)}\n${words}\nIts log: ${child.logFile}`;
  return new Error(message, { cause: error });
}

interface Expected {
  address: string;
  namespace: string;
  signal: AbortSignal | undefined;
}

async function untilServing(child: Child, expected: Expected): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), START_MS);
  const died = child.ended.then((ending) => Promise.reject(new Error(`it ended with ${ending}`)));
  const signal = expected.signal ? AbortSignal.any([over.signal, expected.signal]) : over.signal;
  try {
    await Promise.race([died, prepare(expected, signal)]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

async function prepare({ address, namespace }: Expected, over: AbortSignal): Promise<void> {
  const connection = Connection.lazy({ address });
  try {
    await waitForNamespace(connection, namespace, over);
    await registerSearchAttributes(connection, namespace);
    await keepClosedLoops(connection, namespace);
  } finally {
    await connection.close();
  }
}
