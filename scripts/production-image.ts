import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join, matchesGlob } from 'node:path';
import { runCommand } from '../dev/run-command.ts';
import type { Say } from '../dev/say.ts';
import { ROOT } from './production-compose.ts';

const INSTALL_MS = 10 * 60_000;

export interface Instruction {
  word: string;
  rest: string;
}

/** The instructions of each stage of a Dockerfile, by the stage's name; the last one without a name is `''`. */
export function dockerfileStages(text: string): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  for (const line of lines.map((text) => text.trim()).filter((text) => text !== '')) {
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    if (word === 'FROM') {
      current = [];
      stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? '', current);
    }
    current.push({ word, rest });
  }
  return stages;
}

/** Whether a path of the checkout is kept out of the build context: the last pattern that fits it decides. */
export function isIgnored(path: string, patterns: readonly string[]): boolean {
  let ignored = false;
  for (const pattern of patterns) {
    const kept = pattern.startsWith('!');
    if (fits(path, kept ? pattern.slice(1) : pattern)) ignored = !kept;
  }
  return ignored;
}

/** A pattern that fits a folder fits all that is in it. */
function fits(path: string, pattern: string): boolean {
  const parts = withoutDots(path).split('/');
  return parts.some((_part, i) => matchesGlob(parts.slice(0, i + 1).join('/'), withoutDots(pattern)));
}

/** Unlike in a shell, `*` fits names with a dot in front, too. */
function withoutDots(path: string): string {
  return path.replace(/(^|\/)\./g, '$1dot-');
}

/** The patterns of `.dockerignore`, in order. */
export async function ignorePatterns(): Promise<string[]> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** All files of the build context: what the checkout holds and `.dockerignore` lets through. */
export async function buildContext(): Promise<string[]> {
  const patterns = await ignorePatterns();
  const entries = await readdir(ROOT, { withFileTypes: true });
  const tops = entries.filter(({ name }) =>
    patterns.some((pattern) => pattern.replace(/^!/, '').split('/')[0] === name),
  );
  const files = await Promise.all(
    tops.map(async (top) => {
      if (!top.isDirectory()) return [top.name];
      const below = await readdir(join(ROOT, top.name), { recursive: true, withFileTypes: true });
      return below.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name).slice(ROOT.length));
    }),
  );
  return files.flat().filter((path) => !isIgnored(path, patterns));
}

/**
 * Does what the Dockerfile's build stage does, in a folder instead of an image: its COPY and RUN lines, in order.
 * @param node folder of the Node that the commands find first
 * @throws Error of the first command that fails, or for an instruction that is not understood
 */
export async function layImage(folder: string, node: string, say: Say): Promise<void> {
  const build = dockerfileStages(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).get('build') ?? [];
  await mkdir(folder, { recursive: true });
  for (const { word, rest } of build) {
    if (word === 'COPY') await copy(rest, folder);
    else if (word === 'RUN') await run(rest, { folder, node, say });
    else if (word !== 'FROM' && `${word} ${rest}` !== 'WORKDIR /app')
      throw new Error(`not understood: ${word} ${rest}`);
  }
}

async function copy(rest: string, folder: string): Promise<void> {
  const sources = rest.split(/\s+/).slice(0, -1);
  const context = await buildContext();
  const wanted = context.filter((path) => sources.includes('.') || sources.includes(path));
  if (wanted.length < sources.length) throw new Error(`COPY ${rest}: the build context lacks some of these`);
  for (const path of wanted) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
}

async function run(command: string, { folder, node, say }: { folder: string; node: string; say: Say }): Promise<void> {
  if (/(^|\s)\//.test(command)) throw new Error(`RUN ${command}: it names a path of this machine`);
  say(`Image: ${command}`);
  const env = { ...process.env, PATH: [node, process.env['PATH']].join(delimiter) };
  const result = await runCommand('sh', ['-c', command], { cwd: folder, env, timeoutMs: INSTALL_MS });
  if (!result.ok) throw new Error(`RUN ${command}: ${result.problem}\n${result.output}`);
}
