import { access, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../dev/run-command.ts';
import { elapsed, type Say } from '../dev/say.ts';
import { ensureTemporalBinary } from '../dev/temporal-binary.ts';
import { temporalCacheFolder } from '../dev/temporal-cache.ts';

const BUILD_MS = 20 * 60_000;
const PROGRESS_MS = 15_000;
const DEBIAN = '/usr/lib/postgresql';

/** Folder of PostgreSQL's programs: Debian's newest, else the one of the PATH. */
export async function postgresqlPrograms(): Promise<string> {
  const versions = (await readdir(DEBIAN).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const debian = versions.map((version) => join(DEBIAN, version, 'bin'));
  for (const folder of [...debian, ...(process.env['PATH'] ?? '').split(':')]) {
    if (await exists(join(folder, 'initdb'))) return folder;
  }
  throw new Error('PostgreSQL is not on this machine. Install it, for example with: apt-get install postgresql');
}

/**
 * A folder with `temporal-server`, `temporal-sql-tool` and `temporal`, as in the images `temporalio/server` and
 * `temporalio/admin-tools` of a version. What is missing is built from the server's Go module and kept beside the cached CLI.
 * @throws Error when it cannot be built
 */
export async function temporalPrograms(version: string, say: Say): Promise<string> {
  const folder = join(dirname(dirname(temporalCacheFolder(process.env))), 'temporal-server', version);
  if (!(await exists(join(folder, 'temporal-server')))) await buildServer(version, folder, say);
  const cli = await ensureTemporalBinary({ env: process.env, say });
  await rm(join(folder, 'temporal'), { force: true });
  await symlink(cli, join(folder, 'temporal'));
  return folder;
}

async function buildServer(version: string, folder: string, say: Say): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const scratch = await mkdtemp(`${folder}.work-`);
  const since = Date.now();
  say(`Temporal ${version}: building server and schema tool from the Go module, 1–5 minutes, once for this machine`);
  const timer = setInterval(() => say(`Temporal ${version}: building for ${elapsed(Date.now() - since)}`), PROGRESS_MS);
  try {
    const module = 'go.temporal.io/server/cmd';
    const packages = ['server', 'tools/sql'].map((path) => `${module}/${path}@v${version}`);
    const env = { ...process.env, GOBIN: scratch, GOFLAGS: '' };
    const result = await runCommand('nice', ['go', 'install', '-trimpath', ...packages], { env, timeoutMs: BUILD_MS });
    if (!result.ok) throw new Error(`Temporal ${version} cannot be built: ${result.problem}\n${result.output}`);
    // The names that both programs have in the images.
    await rename(join(scratch, 'server'), join(scratch, 'temporal-server'));
    await rename(join(scratch, 'sql'), join(scratch, 'temporal-sql-tool'));
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
    say(`Temporal ${version}: built in ${elapsed(Date.now() - since)}`);
  } finally {
    clearInterval(timer);
    await rm(scratch, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
