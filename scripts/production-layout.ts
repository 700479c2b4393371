import { randomInt } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePort } from '../dev/ports.ts';
import { runCommand } from '../dev/run-command.ts';
import { ROOT } from './production-compose.ts';

export type LongRunning = 'postgresql' | 'temporal' | 'vision-service' | 'worker';
export type OneShot = 'temporal-schema' | 'temporal-namespace';

const PORTS = ['postgresql', 'vision', 'health', 'metrics'] as const;
/** Ports of a Temporal server, by their variables. */
const ROLES = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

/** Where all of a production test lies: one folder, free ports on the loopback interface, and a user without rights. */
export interface Layout {
  root: string;
  /** Folder of PostgreSQL's programs. */
  postgresql: string;
  /** Prefix that makes a command run without rights; empty when this process has none to give up. */
  unprivileged: readonly string[];
  ports: Record<(typeof PORTS)[number] | (typeof ROLES)[number], string>;
}

/** Makes the folder: `bin` (programs), `deploy`, `photos`, `home`, `database`, `backup`, `logs`; `app` comes with the image. */
export async function makeLayout(postgresql: string): Promise<Layout> {
  const root = await mkdtemp(join(tmpdir(), 'deltaloop-production-'));
  await chmod(root, 0o755);
  for (const folder of ['bin', 'app', 'photos', 'home', 'backup', 'logs']) await mkdir(join(root, folder));
  await cp(join(ROOT, 'deploy'), join(root, 'deploy'), { recursive: true });
  await addPrograms(root, { node: process.execPath });
  const ports = await freePorts([...PORTS, ...ROLES]);
  const asRoot = process.getuid?.() === 0;
  const unprivileged = asRoot ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] : [];
  const layout = { root, postgresql, unprivileged, ports };
  await giveAway(layout, ['home', 'backup']);
  return layout;
}

/** Copies programs into the layout's `bin`, where the unprivileged user finds them. */
export async function addPrograms(root: string, programs: Record<string, string>): Promise<void> {
  for (const [name, path] of Object.entries(programs)) {
    await copyFile(path, join(root, 'bin', name));
    await chmod(join(root, 'bin', name), 0o755);
  }
}

/** Gives folders of the layout to the unprivileged user, for that user alone. */
export async function giveAway({ root, unprivileged }: Layout, folders: string[]): Promise<void> {
  for (const folder of folders) {
    const path = join(root, folder);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o700);
    if (unprivileged.length > 0) await runCommand('chown', ['nobody:nogroup', path], { timeoutMs: 10_000 });
  }
}

/** A new, empty database as the postgres image makes it from its environment. */
export async function makeDatabase(layout: Layout, password: string): Promise<void> {
  await giveAway(layout, ['database']);
  const secret = join(layout.root, 'password');
  await writeFile(secret, `${password}\n`, { mode: 0o644 });
  const [program = '', ...args] = asUser(layout, [
    join(layout.postgresql, 'initdb'),
    `--pgdata=${join(layout.root, 'database')}`,
    '--username=temporal',
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--data-checksums',
  ]);
  const made = await runCommand(program, args, { timeoutMs: 60_000 });
  if (!made.ok) throw new Error(`initdb: ${made.problem}\n${made.output}`);
}

export function asUser({ unprivileged }: Layout, command: string[]): string[] {
  return [...unprivileged, ...command];
}

interface Override {
  /** Variables of docker-compose.yml that hold a container's name, port or path. */
  replaced: Record<string, string>;
  added: Record<string, string>;
}

/** What differs outside containers: names of services, ports and mounted files. All else is docker-compose.yml's. */
export function overrides({ root, ports }: Layout): Record<LongRunning | OneShot, Override> {
  const TEMPORAL_ADDRESS = `127.0.0.1:${ports.FRONTEND_GRPC_PORT}`;
  return {
    postgresql: { replaced: {}, added: { PGPORT: ports.postgresql, LC_ALL: 'C.UTF-8' } },
    'temporal-schema': { replaced: { SQL_HOST: '127.0.0.1', SQL_PORT: ports.postgresql }, added: {} },
    temporal: {
      replaced: {
        POSTGRES_SEEDS: '127.0.0.1',
        DB_PORT: ports.postgresql,
        BIND_ON_IP: '127.0.0.1',
        DYNAMIC_CONFIG_FILE_PATH: join(root, 'deploy/dynamicconfig.yaml'),
      },
      added: Object.fromEntries(ROLES.map((name) => [name, ports[name]])),
    },
    'temporal-namespace': { replaced: { TEMPORAL_ADDRESS }, added: {} },
    'vision-service': {
      replaced: { DELTALOOP_VISION_HOST: '127.0.0.1', DELTALOOP_VISION_PORT: ports.vision },
      added: {},
    },
    worker: {
      replaced: {
        TEMPORAL_ADDRESS,
        DELTALOOP_VISION_URL: `http://127.0.0.1:${ports.vision}`,
        DELTALOOP_HEALTH_PORT: ports.health,
        DELTALOOP_METRICS_HOST: '127.0.0.1',
        DELTALOOP_METRICS_PORT: ports.metrics,
      },
      // The image sets it.
      added: { DELTALOOP_WORKFLOW_BUNDLE: join(root, 'app/dist/workflow-bundle.js') },
    },
  };
}

/**
 * Ports that nobody listens on, a different one for each name. Below 32,768: the server's tables keep them as `smallint`,
 * and above begin those that the system gives to outgoing connections.
 */
async function freePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, string>> {
  const found = new Set<number>();
  while (found.size < names.length) {
    const wanted = randomInt(20_000, 32_768);
    if ((await choosePort('the production test', wanted, () => undefined)) === wanted) found.add(wanted);
  }
  const ports = [...found].map(String);
  return Object.fromEntries(names.map((name, i) => [name, ports[i] ?? ''])) as Record<Name, string>;
}
