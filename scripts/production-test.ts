import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { elapsed } from '../dev/say.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { pgDump, psql, secret, tar } from './production-commands.ts';
import { composeFile } from './production-compose.ts';
import { layImage } from './production-image.ts';
import { addPrograms, makeDatabase, makeLayout } from './production-layout.ts';
import { ProductionLoop, ROUNDS, writeSpec } from './production-loop.ts';
import { postgresqlPrograms, temporalPrograms } from './production-programs.ts';
import { Stack } from './production-stack.ts';

/**
 * Runs the set-up of docker-compose.yml without containers, on a real PostgreSQL and a real Temporal server, and a loop
 * through restarts, crashes, an upgrade, a backup and a restore. See docs/deployment.md. `--from VERSION` begins with an
 * older Temporal server and upgrades it on the way; `--keep` leaves the folder behind.
 */
const { values: flags } = parseArgs({ options: { from: { type: 'string' }, keep: { type: 'boolean' } } });
const began = Date.now();
// An orderly exit takes along what was started, a build of Temporal too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const DATABASES = ['temporal', 'temporal_visibility'];

const version = composeFile().services['temporal']?.image.split(':')[1] ?? '';
const postgresql = await postgresqlPrograms();
const programs = await temporalPrograms(version, say);
const older = flags.from === undefined ? undefined : await temporalPrograms(flags.from, say);
const layout = await makeLayout(postgresql);
const variables = {
  POSTGRES_PASSWORD: secret(),
  DELTALOOP_VISION_KEY: secret(),
  DELTALOOP_VISION_BACKBONE: 'classical',
  DELTALOOP_ENCRYPTION_KEYS: '',
  DELTALOOP_HOME: join(layout.root, 'home'),
  DELTALOOP_PHOTOS: join(layout.root, 'photos'),
  DELTALOOP_UID: 'nobody',
  DELTALOOP_GID: 'nogroup',
};
const stack = new Stack(layout, variables, say);
const loop = new ProductionLoop(stack, layout);
let failed = true;
try {
  await test();
  failed = false;
  say(`All of it passed in ${elapsed(Date.now() - began)}.`);
} finally {
  await stack.down();
  if (failed || flags.keep) say(`Its folder, with a log of each service: ${layout.root}`);
  else await rm(layout.root, { recursive: true, force: true });
}

async function test(): Promise<void> {
  await step('the image: COPY and RUN of the Dockerfile in an empty folder', image);
  await step('the database, set up twice', database);
  await step('the services', services);
  await step('a loop, with the Temporal server and the database restarted', restarts);
  await step('another password of the database', password);
  await step('encryption, switched on in the middle of the loop', encryption);
  if (older) await step(`Temporal upgraded from ${flags.from} to ${version}`, upgrade);
  await step('the Temporal server, the database and the worker killed', crashes);
  await step('a backup', backup);
  const before = await step('the end of the loop', end);
  await step('everything lost, and restored with other passwords', restore);
  const after = await step('the end of the restored loop', end);
  assert.deepEqual({ ...after, endedAt: '' }, { ...before, endedAt: '' });
}

async function image(): Promise<void> {
  const app = join(layout.root, 'app');
  await layImage(app, dirname(process.execPath), say);
  say(`Image: ${(await readdir(app)).sort().join(' ')}`);
}

async function database(): Promise<void> {
  await useTemporal(older ?? programs);
  await makeDatabase(layout, variables.POSTGRES_PASSWORD);
  await stack.up('postgresql');
  // The postgres image makes a database with the user's name.
  await stack.exec('postgresql', psql(variables.POSTGRES_PASSWORD, ['--command', 'CREATE DATABASE temporal']));
  await stack.once('temporal-schema');
  await stack.once('temporal-schema');
  await sizes();
}

async function services(): Promise<void> {
  await stack.up('temporal');
  await stack.once('temporal-namespace');
  await stack.once('temporal-namespace');
  await stack.up('vision-service');
  assert.equal(await stack.healthy('worker'), false, 'a worker that is not there counts as healthy');
  await stack.up('worker');
}

async function restarts(): Promise<void> {
  await loop.start(await writeSpec(layout));
  await loop.until(1);
  // As `docker compose restart` does.
  for (const name of ['temporal', 'postgresql'] as const) await stack.stop(name);
  for (const name of ['postgresql', 'temporal'] as const) await stack.up(name);
  await loop.until(2);
}

/** As docs/deployment.md tells: first in the database, then in `.env`. */
async function password(): Promise<void> {
  const earlier = variables.POSTGRES_PASSWORD;
  variables.POSTGRES_PASSWORD = secret();
  const change = `ALTER ROLE temporal PASSWORD '${variables.POSTGRES_PASSWORD}'`;
  await stack.exec('postgresql', psql(earlier, ['--command', change]));
  await assert.rejects(
    stack.exec('postgresql', psql(earlier, ['--command', 'SELECT 1'])),
    /password authentication failed/,
  );
  await stack.stop('temporal');
  stack.reconfigure(variables);
  await stack.once('temporal-schema');
  await stack.up('temporal');
}

/** With the image's own bundle for it: the worker must be ready as soon as without. */
async function encryption(): Promise<void> {
  variables.DELTALOOP_ENCRYPTION_KEYS = `spring:${randomBytes(32).toString('base64')}`;
  await stack.stop('worker');
  stack.reconfigure(variables);
  await stack.up('worker');
}

/** As `docker compose up --detach` does after both tags were changed. */
async function upgrade(): Promise<void> {
  await stack.stop('temporal');
  await useTemporal(programs);
  await stack.once('temporal-schema');
  await stack.up('temporal');
  await stack.once('temporal-namespace');
}

async function crashes(): Promise<void> {
  for (const name of ['postgresql', 'temporal', 'worker'] as const) await stack.crash(name);
  for (const name of ['postgresql', 'temporal', 'worker'] as const) await stack.untilHealthy(name);
  await loop.until(3);
}

/** The commands of docs/deployment.md. */
async function backup(): Promise<void> {
  for (const name of ['worker', 'vision-service'] as const) await stack.stop(name);
  for (const name of DATABASES) {
    const file = join(layout.root, 'backup', `${name}.sql`);
    await stack.exec('postgresql', pgDump(variables.POSTGRES_PASSWORD, name, file));
  }
  await tar(['--create', '--file', join(layout.root, 'home.tar'), '--directory', layout.root, 'home']);
  for (const name of ['vision-service', 'worker'] as const) await stack.up(name);
}

async function end(): Promise<LoopResult> {
  const result = await loop.result();
  assert.deepEqual([result.outcome, result.rounds], ['round-limit', ROUNDS]);
  const models = await loop.billed(variables.DELTALOOP_VISION_KEY);
  // One training for each round, brought to its end; that it learnt something from so few images is not asked.
  assert.equal(models.length, ROUNDS);
  for (const { name, status } of models) assert.match(status, /^(succeeded|failed)$/, name);
  assert.equal(
    result.billedMinutes,
    models.reduce((sum, { minutes }) => sum + minutes, 0),
  );
  say(`${result.outcome}: ${result.sentence}`);
  await sizes();
  return result;
}

/** Says what a loop leaves behind, and how much of it is there before any loop. */
async function sizes(): Promise<void> {
  const query = 'SELECT datname, pg_database_size(oid) / 1000 FROM pg_database WHERE NOT datistemplate ORDER BY 1';
  const asked = psql(variables.POSTGRES_PASSWORD, ['--csv', '--tuples-only', '--command', query]);
  say(`Databases, kB: ${(await stack.exec('postgresql', asked)).trim().split('\n').join(' ')}`);
}

async function restore(): Promise<void> {
  await stack.down();
  for (const folder of ['database', 'home']) await rm(join(layout.root, folder), { recursive: true });
  Object.assign(variables, { POSTGRES_PASSWORD: secret(), DELTALOOP_VISION_KEY: secret() });
  stack.reconfigure(variables);
  await makeDatabase(layout, variables.POSTGRES_PASSWORD);
  await stack.up('postgresql');
  for (const name of DATABASES) {
    const file = join(layout.root, 'backup', `${name}.sql`);
    await stack.exec('postgresql', psql(variables.POSTGRES_PASSWORD, ['--file', file]));
  }
  await tar(['--extract', '--file', join(layout.root, 'home.tar'), '--directory', layout.root]);
  await stack.once('temporal-schema');
  await stack.up('temporal');
  await stack.once('temporal-namespace');
  for (const name of ['vision-service', 'worker'] as const) await stack.up(name);
}

async function useTemporal(folder: string): Promise<void> {
  const names = ['temporal-server', 'temporal-sql-tool', 'temporal'];
  await addPrograms(layout.root, Object.fromEntries(names.map((name) => [name, join(folder, name)])));
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const since = Date.now();
  say(`== ${what}`);
  const result = await work();
  say(`== passed in ${elapsed(Date.now() - since)}`);
  return result;
}

function say(line: string): void {
  process.stdout.write(`${elapsed(Date.now() - began).padStart(12)}  ${line}\n`);
}
