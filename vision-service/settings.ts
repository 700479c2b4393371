import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ServiceStartError } from './errors.ts';

/** Settings of the service as a process. */
export interface ServiceSettings {
  home: string;
  key: string;
  backbone: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Threads for inference. */
  threads: number;
  /** Folders below which file URIs may be read. */
  allowedRoots: string[];
  /** Whether http(s) addresses that are not public may be read. */
  allowPrivate: boolean;
  /** Whether datasets may be read with the identity of this machine. */
  managedIdentity: boolean;
  /** Origins that may get credentials besides those that a dataset's own files name. */
  credentialOrigins: string[];
  /** Connections to one host at once. */
  connectionsPerHost: number;
  logLevel: string;
}

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const EnvironmentSchema = z.object({
  DELTALOOP_HOME: z.string().default(() => path.join(homedir(), '.local', 'share', 'deltaloop')),
  DELTALOOP_VISION_KEY: z
    .string({ error: 'is missing; set it to the key that clients must send' })
    .min(8, 'must have at least 8 characters'),
  DELTALOOP_VISION_PORT: whole(0, 65_535).default(0),
  DELTALOOP_VISION_HOST: z.string().default('127.0.0.1'),
  DELTALOOP_VISION_BACKBONE: z.string().default('efficientnet-lite0'),
  DELTALOOP_VISION_THREADS: whole(1, 256).default(2),
  DELTALOOP_VISION_ROOTS: z.string().optional(),
  DELTALOOP_VISION_ALLOW_PRIVATE: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  DELTALOOP_VISION_MANAGED_IDENTITY: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  DELTALOOP_VISION_CREDENTIAL_HOSTS: z.string().default('').transform(originsOf),
  DELTALOOP_VISION_CONNECTIONS_PER_HOST: whole(1, 256).default(8),
  DELTALOOP_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { error: 'is no log level' })
    .default('info'),
});

/**
 * Reads the settings from the environment; empty values count as absent. `DELTALOOP_VISION_ROOTS` lists folders as a
 * PATH does; the default is the home. `DELTALOOP_VISION_CREDENTIAL_HOSTS` lists hosts with commas, as `host` or
 * `host:port` for https; `http://host:port` is taken for this machine only, as a secret would travel in the open.
 *
 * @throws {ServiceStartError} naming every variable that makes no sense, without its value
 */
export function settingsFromEnvironment(env: NodeJS.ProcessEnv): ServiceSettings {
  const parsed = EnvironmentSchema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value)));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new ServiceStartError(`The vision service cannot start: ${problems.join('; ')}.`);
  }
  const values = parsed.data;
  const home = path.resolve(values.DELTALOOP_HOME);
  return {
    home,
    key: values.DELTALOOP_VISION_KEY,
    backbone: values.DELTALOOP_VISION_BACKBONE,
    host: values.DELTALOOP_VISION_HOST,
    port: values.DELTALOOP_VISION_PORT,
    threads: values.DELTALOOP_VISION_THREADS,
    allowedRoots: rootsOf(values.DELTALOOP_VISION_ROOTS, home),
    allowPrivate: values.DELTALOOP_VISION_ALLOW_PRIVATE === '1',
    managedIdentity: values.DELTALOOP_VISION_MANAGED_IDENTITY === '1',
    credentialOrigins: values.DELTALOOP_VISION_CREDENTIAL_HOSTS,
    connectionsPerHost: values.DELTALOOP_VISION_CONNECTIONS_PER_HOST,
    logLevel: values.DELTALOOP_LOG_LEVEL,
  };
}

function rootsOf(list: string | undefined, home: string): string[] {
  const roots = (list ?? '').split(path.delimiter).filter((root) => root !== '');
  return roots.length === 0 ? [home] : roots.map((root) => path.resolve(root));
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function originsOf(list: string, context: z.RefinementCtx): string[] {
  const entries = list.split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .flatMap((entry) => {
      const url = URL.parse(entry.includes('://') ? entry : `https://${entry}`);
      const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
      if (url !== null && secure && url.pathname === '/' && url.search === '' && url.username === '')
        return [url.origin];
      context.addIssue('must list hosts such as data.example.com or https://data.example.com:8443, with commas');
      return [];
    });
}
