import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, runCommand } from './run-command.ts';
import { elapsed, type Say } from './say.ts';
import { TEMPORAL_CLI_VERSION } from './temporal-cache.ts';

const MODULE = fileURLToPath(new URL('./temporal-cli', import.meta.url));
const TOTAL_MS = 20 * 60_000;
const PROGRESS_MS = 5_000;
const VERSION_VARIABLE = 'github.com/temporalio/cli/internal/temporalcli.Version';

export interface BuildOptions {
  /** Folder for the finished binary; the caller removes it. */
  scratch: string;
  say: Say;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/**
 * Builds the Temporal CLI from the pinned Go module, at most 20 minutes, telling every five seconds what it is at.
 * @returns path of the binary inside `scratch`
 * @throws Error with the reason: no Go, a Go that is too old, modules that cannot be fetched, a failed build
 */
export async function buildTemporal(options: BuildOptions): Promise<string> {
  const { env, signal } = options;
  const go = await runCommand('go', ['version'], { timeoutMs: 60_000, cwd: MODULE, env, signal });
  if (!go.ok) throw new Error(`Go is not there: ${lastWords(go)}`);
  options.say(`Temporal: building it with ${go.output.trim()}; 4–5 minutes on two cores, once for this machine`);
  const path = join(options.scratch, 'temporal');
  const result = await build(path, options);
  if (!result.ok) throw new Error(`go build: ${lastWords(result)}`);
  return path;
}

async function build(path: string, options: BuildOptions): Promise<CommandResult> {
  const started = Date.now();
  const seen = { downloaded: 0, compiled: 0, last: 'the list of modules' };
  const progress = (): void =>
    options.say(
      `Temporal: building for ${elapsed(Date.now() - started)}, ${seen.downloaded} modules fetched, ${seen.compiled} packages compiled; now ${seen.last}`,
    );
  const timer = setInterval(progress, PROGRESS_MS);
  try {
    return await runCommand('go', buildArguments(path), {
      timeoutMs: TOTAL_MS,
      cwd: MODULE,
      env: options.env,
      signal: options.signal,
      onLine: (line) => note(seen, line),
    });
  } finally {
    clearInterval(timer);
  }
}

function buildArguments(path: string): string[] {
  const linker = `-s -w -X ${VERSION_VARIABLE}=${TEMPORAL_CLI_VERSION}`;
  return [
    'build',
    '-v',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    linker,
    '-o',
    path,
    'github.com/temporalio/cli/cmd/temporal',
  ];
}

/** `go build -v` prints `go: downloading MODULE VERSION` and then one package a line as it compiles. */
function note(seen: { downloaded: number; compiled: number; last: string }, line: string): void {
  const module = /^go: downloading (\S+)/.exec(line)?.[1];
  if (module === undefined) seen.compiled += 1;
  else seen.downloaded += 1;
  seen.last = module ?? line.slice(0, 80);
}

function lastWords(result: CommandResult): string {
  const line = result.output.trim().split('\n').at(-1);
  return line ? `${result.problem}: ${line.slice(0, 300)}` : result.problem;
}
