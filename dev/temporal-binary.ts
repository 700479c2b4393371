import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { withLock } from './lock.ts';
import { reasonOf, type Say } from './say.ts';
import { buildTemporal } from './temporal-build.ts';
import {
  cachedBinary,
  type Found,
  probeBinary,
  storeBinary,
  TEMPORAL_CLI_VERSION,
  temporalCacheFolder,
} from './temporal-cache.ts';
import { downloadTemporal } from './temporal-download.ts';

/** Longer than the longest way, so that a second start outwaits a first one that builds. */
const LOCK_MS = 27 * 60_000;

export interface FinderOptions {
  say: Say;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Where to ask for the download; Temporal's own address by default. */
  downloadAddress?: string;
}

/** No way to a Temporal binary worked; the message names each way, why it failed, and the ways out. */
export class TemporalMissingError extends Error {
  override readonly name = 'TemporalMissingError';
}

/**
 * Path of a Temporal CLI that runs: on the PATH, else cached, else the official download, else built from the pinned
 * Go module. Says what it tries and why it went on; every try is bounded in time; two starts at once work once.
 * @throws TemporalMissingError when none works
 */
export async function ensureTemporalBinary(options: FinderOptions): Promise<string> {
  const reasons: string[] = [];
  const found = (await fromPath(options, reasons)) ?? (await fromCache(options, reasons));
  return (
    found ??
    withLock(`${temporalCacheFolder(options.env)}.lock`, lockOptions(options), () => fetchOrBuild(options, reasons))
  );
}

function lockOptions({ say, signal }: FinderOptions): Parameters<typeof withLock>[1] {
  return {
    say,
    signal,
    timeoutMs: LOCK_MS,
    waiting: 'Temporal: another start is fetching or building it; waiting for that one',
  };
}

async function fromPath(options: FinderOptions, reasons: string[]): Promise<string | undefined> {
  const candidates = await executablesOnPath(options.env);
  if (candidates.length === 0) goOn(options, reasons, 'no `temporal` on the PATH');
  for (const candidate of candidates) {
    const path = accept(options, reasons, await probeBinary(candidate));
    if (path) return path;
  }
  return undefined;
}

async function executablesOnPath(env: NodeJS.ProcessEnv): Promise<string[]> {
  const files = (env['PATH'] ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, 'temporal'));
  const checks = await Promise.all([...new Set(files)].map(async (file) => ((await isExecutable(file)) ? [file] : [])));
  return checks.flat();
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function fromCache(options: FinderOptions, reasons: string[]): Promise<string | undefined> {
  return accept(options, reasons, await cachedBinary(temporalCacheFolder(options.env)));
}

async function fetchOrBuild(options: FinderOptions, reasons: string[]): Promise<string> {
  const folder = temporalCacheFolder(options.env);
  const meanwhile = await cachedBinary(folder);
  if ('path' in meanwhile) return meanwhile.path;
  const scratch = await mkdtemp(`${folder}.work-`);
  try {
    const found = (await download(options, scratch, reasons)) ?? (await build(options, scratch, reasons));
    if (!found) throw new TemporalMissingError(missingMessage(reasons));
    const path = await storeBinary(folder, found.file, found.source);
    options.say(`Temporal: ${found.source}; kept as ${path}`);
    return path;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Fetched = { file: string; source: string } | undefined;

async function download(options: FinderOptions, scratch: string, reasons: string[]): Promise<Fetched> {
  options.say(`Temporal: trying the official download of version ${TEMPORAL_CLI_VERSION}`);
  try {
    const file = await downloadTemporal({
      scratch,
      say: options.say,
      address: options.downloadAddress,
      signal: options.signal,
    });
    const probed = await probeBinary(file);
    if ('path' in probed) return { file, source: `downloaded version ${probed.version}` };
    goOn(options, reasons, `the downloaded binary does not work: ${probed.reason}`);
  } catch (error) {
    options.signal?.throwIfAborted();
    goOn(options, reasons, `the download failed: ${reasonOf(error)}`);
  }
  return undefined;
}

async function build(options: FinderOptions, scratch: string, reasons: string[]): Promise<Fetched> {
  try {
    const file = await buildTemporal({ scratch, say: options.say, env: options.env, signal: options.signal });
    return { file, source: `built version ${TEMPORAL_CLI_VERSION} with Go` };
  } catch (error) {
    options.signal?.throwIfAborted();
    goOn(options, reasons, `it cannot be built: ${reasonOf(error)}`);
    return undefined;
  }
}

function accept(options: FinderOptions, reasons: string[], found: Found): string | undefined {
  if ('path' in found) {
    options.say(`Temporal: using ${found.path} (${found.version})`);
    return found.path;
  }
  goOn(options, reasons, found.reason);
  return undefined;
}

function goOn(options: FinderOptions, reasons: string[], reason: string): void {
  reasons.push(reason);
  options.say(`Temporal: ${reason}`);
}

function missingMessage(reasons: string[]): string {
  return [
    'No Temporal server can be started on this machine:',
    ...reasons.map((reason) => `  - ${reason}`),
    'Any one of these helps, then run the same command again:',
    '  - install the Temporal CLI, so that `temporal --version` works: https://docs.temporal.io/cli/setup-cli',
    '  - set TEMPORAL_ADDRESS=HOST:PORT to a Temporal server that runs already',
    '  - install Go 1.26.4 or newer (https://go.dev/dl/), so that it can be built here',
  ].join('\n');
}
