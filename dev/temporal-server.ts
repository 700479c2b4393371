import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readDevFile } from '../client/dev-file.ts';
import { reasonOf } from './say.ts';
import { ensureTemporalBinary } from './temporal-binary.ts';
import { PortTakenError, startLocalTemporal } from './temporal-local.ts';
import { registerSearchAttributes } from './temporal-namespace.ts';
import { localNamespace, type TemporalServer, type TemporalServerOptions } from './temporal-types.ts';

const ATTEMPTS = 3;

/**
 * A Temporal server for this home: the one of `TEMPORAL_ADDRESS`, else the one that runs already for this home, else a
 * local one, started on the loopback interface with its database in `<home>/temporal/dev.db`.
 * @throws TemporalMissingError when there is no binary; Error when a server does not answer in time, with its last words
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.env['TEMPORAL_ADDRESS']) return useConfigured(options);
  const running = await readDevFile(options.home);
  if (running && (await answers(running.temporalAddress))) {
    options.say(`Temporal: already running for this home at ${running.temporalAddress}`);
    return existing({ address: running.temporalAddress, uiUrl: running.uiUrl, namespace: localNamespace(options.env) });
  }
  const binary = await ensureTemporalBinary(options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startLocalTemporal(binary, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof PortTakenError)) throw error;
      options.say(`Temporal: ${error.message}; trying again`);
    }
  }
}

/** Whether a Temporal server answers there within three seconds. */
export async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '3s' });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

function existing(server: Pick<TemporalServer, 'address' | 'uiUrl' | 'namespace'>): TemporalServer {
  return { ...server, started: false, ended: new Promise(() => undefined), stop: async () => undefined };
}

async function useConfigured({ env, say }: TemporalServerOptions): Promise<TemporalServer> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: definedOnly(env) });
  const { address = '' } = connectionOptions;
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' }).catch(
    (error: unknown) => {
      throw new Error(nobodyThere(address, error), { cause: error });
    },
  );
  try {
    const added = await registerSearchAttributes(connection, namespace);
    const registered = added.length > 0 ? `; registered ${added.join(', ')}` : '';
    say(`Temporal: using ${address}, namespace ${namespace} (TEMPORAL_ADDRESS)${registered}`);
  } finally {
    await connection.close();
  }
  return existing({ address, uiUrl: env['DELTALOOP_TEMPORAL_UI'] ?? '', namespace });
}

function nobodyThere(address: string, error: unknown): string {
  return [
    `No Temporal server answers at TEMPORAL_ADDRESS=${address}: ${reasonOf(error)}`,
    'Start that server, or unset TEMPORAL_ADDRESS to run a local one.',
  ].join('\n');
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
