import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { runCommand } from '../dev/run-command.ts';

/** `pg_dump` as in docs/deployment.md, without the database's name: what it writes makes that database anew. */
export const DUMP = ['pg_dump', '--create', '--clean', '--if-exists', '--username', 'temporal'];

/** `psql` as in docs/deployment.md, for what `DUMP` wrote. */
export const RESTORE = [
  'psql',
  '--quiet',
  '--set',
  'ON_ERROR_STOP=1',
  '--username',
  'temporal',
  '--dbname',
  'postgres',
];

/** Dumps one database into a file, over TCP as no container's socket is there. */
export function pgDump(password: string, database: string, file: string): string[] {
  return [...withPassword(password), ...DUMP, '--host', '127.0.0.1', '--file', file, database];
}

/** Runs statements as the database's user, over TCP. */
export function psql(password: string, more: string[]): string[] {
  return [...withPassword(password), ...RESTORE, '--host', '127.0.0.1', '--no-psqlrc', ...more];
}

function withPassword(password: string): string[] {
  return ['env', `PGPASSWORD=${password}`];
}

/** @throws AssertionError with what `tar` said */
export async function tar(args: string[]): Promise<void> {
  const result = await runCommand('tar', ['--numeric-owner', '--same-owner', ...args], { timeoutMs: 60_000 });
  assert.ok(result.ok, `tar: ${result.problem}\n${result.output}`);
}

/** A password or key that nobody else knows. */
export function secret(): string {
  return randomBytes(24).toString('hex');
}
