import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter } from '../codec/data-converter.ts';
import { openTracing } from '../tracing/tracing.ts';
import { CliError } from './cli-error.ts';
import { readDevFile } from './dev-file.ts';
import { EXIT } from './exit-codes.ts';
import { grpcStatus, isNotAuthorised, isServerAway } from './grpc.ts';

/** A connection to a Temporal server that has answered once. */
export interface Connected {
  client: Client;
  address: string;
  close(): Promise<void>;
}

export interface ConnectOptions {
  home: string;
  env?: NodeJS.ProcessEnv;
  /** Bound of the first answer, milliseconds. */
  timeoutMs?: number;
}

interface Target {
  address: string;
  /** Where the address comes from, for people. */
  source: string;
  namespace: string;
  options: NonNullable<Parameters<typeof Connection.lazy>[0]>;
}

/** The namespace of Temporal's own settings; `default` when they name none. */
export function temporalNamespace(env: NodeJS.ProcessEnv): string {
  return loadClientConnectConfig({ overrideEnvVars: definedOnly(env) }).namespace ?? 'default';
}

/** Finds the server: Temporal's own settings (environment, profile file), else `<home>/dev.json`, else localhost:7233. */
async function findTarget(home: string, env: NodeJS.ProcessEnv): Promise<Target> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: definedOnly(env) });
  const { address, tls, apiKey, metadata } = connectionOptions;
  const options = {
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata !== undefined && { metadata }),
  };
  if (address) return { address, source: 'from TEMPORAL_ADDRESS or the Temporal profile', namespace, options };
  const dev = await readDevFile(home);
  if (dev) return { address: dev.temporalAddress, source: 'the local server of `deltaloop dev`', namespace, options };
  return { address: 'localhost:7233', source: 'the default', namespace, options };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/**
 * Connects to the Temporal server and waits for its first answer, at most `timeoutMs` (default 5 000).
 * @throws CliError when no server answers there (exit 1), or it refuses the caller (exit 4); PayloadCodecError when the
 *   encryption keys make no sense.
 */
export async function connect({ home, env = process.env, timeoutMs = 5000 }: ConnectOptions): Promise<Connected> {
  const { address, source, namespace, options } = await findTarget(home, env);
  const converter = dataConverter(env);
  // Few retries: a server that is not there is told at once, a blip of a second is ridden out.
  const retry = makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 4 }));
  const connection = Connection.lazy({ ...options, address, interceptors: [retry] });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    await connection.close();
    throw connectError(error, `${address} (${source})`);
  }
  const tracing = await openTracing(env, 'deltaloop');
  const plugins = tracing ? [tracing.plugin] : [];
  const close = async () => {
    await tracing?.close();
    await connection.close();
  };
  return { client: new Client({ connection, namespace, plugins, dataConverter: converter }), address, close };
}

/** How TLS says that two sides do not get on: untrusted or wrong certificates, or one side without TLS. */
const TLS_PROBLEM = /certificate|SSL|TLS|altname|wrong version number/i;

function tlsError(where: string, details: string, cause: unknown): CliError {
  const reason = /Last error: (.*?)\.? *Resolution note/.exec(details)?.[1] ?? details;
  return new CliError(
    `There is no trusted way to the Temporal server at ${where}; its certificate or TLS is refused: ${reason}`,
    {
      exitCode: EXIT.unexpected,
      next: 'Check TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_SERVER_NAME and whether the server uses TLS at all (TEMPORAL_TLS).',
      cause,
    },
  );
}

function connectError(error: unknown, where: string): unknown {
  if (isNotAuthorised(error)) {
    return new CliError(`The Temporal server at ${where} refuses this client.`, {
      exitCode: EXIT.notAuthorised,
      next: 'Check TEMPORAL_API_KEY, TEMPORAL_NAMESPACE and the TEMPORAL_TLS_* settings.',
      cause: error,
    });
  }
  if (!isServerAway(error)) return error;
  const details = grpcStatus(error)?.details ?? '';
  if (TLS_PROBLEM.test(details)) return tlsError(where, details, error);
  return new CliError(`There is no Temporal server at ${where}.`, {
    exitCode: EXIT.unexpected,
    next: 'Start one with `deltaloop dev`, or set TEMPORAL_ADDRESS to the server that runs your loops.',
    cause: error,
  });
}
