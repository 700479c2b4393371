import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { runCommand } from './run-command.ts';
import { reasonOf } from './say.ts';

/** Version of the Temporal CLI that is downloaded or built; `temporal-cli/go.mod` pins the same one. */
export const TEMPORAL_CLI_VERSION = '1.8.2';

/** Oldest server that was seen to do all a loop needs (updates, user metadata, typed search attributes). */
const OLDEST_SERVER = [1, 29] as const;

const MarkerSchema = z.object({ version: z.string(), bytes: z.number(), source: z.string() });

/** Where the binary of this version is kept: `${XDG_CACHE_HOME:-~/.cache}/deltaloop/temporal/<version>`. */
export function temporalCacheFolder(env: NodeJS.ProcessEnv): string {
  const configured = env['XDG_CACHE_HOME'];
  const base = configured && isAbsolute(configured) ? configured : join(env['HOME'] ?? homedir(), '.cache');
  return join(base, 'deltaloop', 'temporal', TEMPORAL_CLI_VERSION);
}

export type Found = { path: string; version: string } | { reason: string };

/** The cached binary, if it is whole: its size is the one noted when it was stored, and it runs. */
export async function cachedBinary(folder: string): Promise<Found> {
  const path = join(folder, 'temporal');
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) return { reason: `nothing in the cache (${path})` };
  const marker = await readMarker(folder);
  if (marker === undefined) return { reason: `the cached binary ${path} was never finished` };
  if (marker.bytes !== size) return { reason: `the cached binary ${path} has ${size} bytes, not ${marker.bytes}` };
  return probeBinary(path);
}

async function readMarker(folder: string): Promise<z.infer<typeof MarkerSchema> | undefined> {
  try {
    return MarkerSchema.parse(JSON.parse(await readFile(join(folder, 'temporal.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Runs `--version` of a binary, at most ten seconds, and refuses a server that is too old for a loop. */
export async function probeBinary(path: string): Promise<Found> {
  const result = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
  if (!result.ok) return { reason: `${path} does not run: ${result.problem}` };
  const version = /^temporal version (.+)$/m.exec(result.output)?.[1];
  if (version === undefined)
    return { reason: `${path} is not the Temporal CLI: it answers ${JSON.stringify(result.output.slice(0, 80))}` };
  const server = /Server (\d+)\.(\d+)/.exec(version);
  if (server && isOlder([Number(server[1]), Number(server[2])])) {
    return { reason: `${path} is too old (${version}; a server ${OLDEST_SERVER.join('.')} or newer is needed)` };
  }
  return { path, version };
}

function isOlder([major, minor]: [number, number]): boolean {
  return major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1]);
}

/**
 * Stores a binary in the cache: checked, copied beside its place, renamed, and only then marked as whole.
 * @param file the binary to store; it stays where it is
 * @param source where it comes from, for people who look into the folder
 * @throws Error when the binary does not run or the folder cannot be written
 */
export async function storeBinary(folder: string, file: string, source: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `temporal.${randomUUID()}.partial`);
  try {
    await copyFile(file, draft);
    await chmod(draft, 0o755);
    const probed = await probeBinary(draft);
    if ('reason' in probed) throw new Error(probed.reason.replace(draft, 'the new binary'));
    const bytes = (await stat(draft)).size;
    const path = join(folder, 'temporal');
    await rm(join(folder, 'temporal.json'), { force: true });
    await rename(draft, path);
    await writeMarker(folder, { version: TEMPORAL_CLI_VERSION, bytes, source });
    return path;
  } catch (error) {
    await rm(draft, { force: true });
    throw new Error(`cannot store the Temporal binary in ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}

async function writeMarker(folder: string, marker: z.infer<typeof MarkerSchema>): Promise<void> {
  const draft = join(folder, `temporal.json.${randomUUID()}.partial`);
  await writeFile(draft, `${JSON.stringify(marker, null, 2)}\n`);
  await rename(draft, join(folder, 'temporal.json'));
}
