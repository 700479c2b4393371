import type { Say } from './say.ts';

export interface TemporalServerOptions {
  /** The database and the log lie below it. */
  home: string;
  say: Say;
  env: NodeJS.ProcessEnv;
  /** Wanted ports; 7233 and 8233 by default, 0 for any free one. A port that is taken is replaced, which is said. */
  ports?: { grpc: number; ui: number };
  /** Keep nothing on disk: everything is gone when the server stops. */
  ephemeral?: boolean;
  signal?: AbortSignal | undefined;
}

/** A Temporal server that answers and knows the search attributes of a loop. */
export interface TemporalServer {
  /** `HOST:PORT`. */
  address: string;
  /** Address of its Web UI; empty when it is not known. */
  uiUrl: string;
  namespace: string;
  /** Whether this call started it; a server that ran already is left running by `stop`. */
  started: boolean;
  /** Process of a server that this call started. */
  pid?: number | undefined;
  /** Resolves when a server that this call started ends; never for another. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

/** Namespace of the loops on the local server. */
export function localNamespace(env: NodeJS.ProcessEnv): string {
  return env['TEMPORAL_NAMESPACE'] || 'default';
}

/** The environment without settings of another Temporal server, which the local one must not take for its own. */
export function localEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/** The environment with which a program reaches a server that `startTemporalServer` found or started. */
export function connectionEnvironment(
  env: NodeJS.ProcessEnv,
  server: Pick<TemporalServer, 'address' | 'namespace'>,
): NodeJS.ProcessEnv {
  // A server of TEMPORAL_ADDRESS may need the other TEMPORAL_* settings.
  const base = env['TEMPORAL_ADDRESS'] ? env : localEnvironment(env);
  return { ...base, TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: server.namespace };
}
