import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandOptions, runCommand } from '../dev/run-command.ts';
import type { Say } from '../dev/say.ts';
import type { Row } from './table.ts';

const INSTALL_MS = 600_000;
const RUN_MS = 600_000;

/** Set on some machines for old builds of OpenBLAS; a current numpy would be measured with a slow kernel. */
const OLD_BLAS = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'];
const THREADS = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'];

export interface PeerOptions {
  say: Say;
  /** What pip installs, each with its exact version: `numpy==2.4.6`. */
  packages: readonly string[];
  /** Packages of which only the files are wanted: installed without what they depend on. */
  dataOnly?: readonly string[];
}

export interface PeerRun {
  /** Threads that numpy may use; as many as it likes if not given. */
  threads?: number;
  timeoutMs?: number;
}

/** An environment with Python packages, gone when `usePythonPeers` returns. */
export interface PythonPeers {
  /** A folder of its own for larger inputs and outputs (raw arrays, images), removed at the end. */
  folder: string;
  /** Path of a program that a package brought. */
  program(name: string): string;
  /**
   * Runs `bench/peers/<script>` with a JSON file to read and one to write as its two arguments.
   *
   * @returns what the script wrote, to be checked by the caller
   * @throws {Error} with the end of its output when it fails
   */
  run(script: string, input: unknown, options?: PeerRun): Promise<unknown>;
}

/** The peers cannot be had on this machine; the message says why. */
export class PeersUnavailable extends Error {
  override readonly name = 'PeersUnavailable';
}

/**
 * Makes a Python environment below the system's folder for temporary files, installs the packages, and removes all of it
 * after `use`.
 *
 * @throws {PeersUnavailable} when there is no python3 that can make environments, or pip cannot install
 * @throws whatever `use` throws
 */
export async function usePythonPeers<T>(options: PeerOptions, use: (peers: PythonPeers) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaloop-peers-'));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  try {
    await install(folder, options);
    return await use(peersIn(folder));
  } finally {
    process.removeListener('exit', clean);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The rows of a comparison with Python peers; where they cannot be had, one row that says so and counts as missed.
 *
 * @param options `what` names the comparison in that row
 */
export async function withPythonPeers(
  options: PeerOptions & { what: string },
  compare: (peers: PythonPeers) => Promise<Row[]>,
): Promise<Row[]> {
  try {
    return await usePythonPeers(options, compare);
  } catch (error) {
    if (!(error instanceof PeersUnavailable)) throw error;
    options.say(`${options.what}: ${error.message}`);
    return [{ measure: options.what, value: 'unavailable: not compared', target: 'Python peers', met: false }];
  }
}

async function install(folder: string, { say, packages, dataOnly = [] }: PeerOptions): Promise<void> {
  say(`Installing ${[...packages, ...dataOnly].join(', ')} into ${folder}, removed at the end`);
  const environment = join(folder, 'venv');
  await must('python3', ['-m', 'venv', environment], 'python3 cannot make an environment');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const python = programIn(folder, 'python');
  if (packages.length > 0) await must(python, [...pip, ...packages], 'pip cannot install');
  if (dataOnly.length > 0) await must(python, [...pip, '--no-deps', ...dataOnly], 'pip cannot install');
}

async function must(command: string, args: string[], otherwise: string): Promise<void> {
  const { ok, output, problem } = await runCommand(command, args, { timeoutMs: INSTALL_MS });
  if (!ok) throw new PeersUnavailable(`${otherwise} (${problem}) ${output}`.trim());
}

function peersIn(folder: string): PythonPeers {
  let runs = 0;
  return {
    folder,
    program: (name) => programIn(folder, name),
    run: async (script, input, { threads, timeoutMs = RUN_MS } = {}) => {
      runs += 1;
      const [given, result] = [join(folder, `${runs}.in.json`), join(folder, `${runs}.out.json`)];
      await writeFile(given, JSON.stringify(input));
      const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
      const options: CommandOptions = { timeoutMs, env: environmentOf(threads) };
      const { ok, output, problem } = await runCommand(programIn(folder, 'python'), [file, given, result], options);
      if (!ok) throw new Error(`The peer ${script} failed (${problem}): ${output}`);
      return JSON.parse(await readFile(result, 'utf8'));
    },
  };
}

function programIn(folder: string, name: string): string {
  return join(folder, 'venv', 'bin', name);
}

function environmentOf(threads: number | undefined): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of OLD_BLAS) delete env[name];
  if (threads !== undefined) for (const name of THREADS) env[name] = String(threads);
  return env;
}
