/**
 * A tiny process of its own that outlives its parent by a moment. It is told over its standard input which process
 * groups are alive (`+PID`, `-PID`); when that pipe closes, because the parent ended in whatever way, it ends them.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, killGroup } from './run-command.ts';

const GRACE_MS = 10_000;
const groups = new Set<number>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (!Number.isSafeInteger(pid) || pid <= 1) continue;
  if (line.startsWith('+')) groups.add(pid);
  if (line.startsWith('-')) groups.delete(pid);
}

for (const pid of groups) killGroup(pid, 'SIGTERM');
const until = Date.now() + GRACE_MS;
while (Date.now() < until && [...groups].some(isAlive)) await delay(100);
for (const pid of groups) killGroup(pid, 'SIGKILL');
