import { randomUUID } from 'node:crypto';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { openStoreReadOnly, statePaths } from '../../vision-service/store/database.ts';
import { adjust, pause, resume, stop } from '../../workflows/messages.ts';
import type { Kept } from './kept.ts';
import { bounded, type RunningLoop } from './loops.ts';
import { type Disturbance, type Killed, STORM_MS } from './plan.ts';
import type { Stage } from './stage.ts';

const BY = { by: 'chaos', reason: 'drawn from the seed' };

/** What became of a disturbance: `done`, or why it could not be made, such as a loop that had ended. */
export interface Disturbed {
  disturbance: Disturbance;
  /** Epoch milliseconds. */
  at: number;
  result: string;
}

interface Storm {
  stage: Stage;
  loops: readonly RunningLoop[];
  /** Epoch milliseconds. */
  startedAt: number;
}

/** Makes every disturbance at its moment; resolves when all are over, whatever became of them. */
export function disturb(storm: Storm, disturbances: readonly Disturbance[]): Promise<Disturbed[]> {
  return Promise.all(
    disturbances.map(async (disturbance) => {
      await moment(storm, disturbance);
      const at = Date.now();
      const result = await make(storm, disturbance).then(
        () => 'done',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      return { disturbance, at, result };
    }),
  );
}

/** A request that does not come is waited for until the storm is over; what was to meet it then happens all the same. */
async function moment(storm: Storm, { atMs, on }: Disturbance): Promise<void> {
  await (on ? Promise.race([storm.stage.proxy.came(on), until(storm, STORM_MS)]) : until(storm, atMs));
}

function until({ startedAt }: Pick<Storm, 'startedAt'>, atMs: number): Promise<void> {
  return delay(Math.max(0, startedAt + atMs - Date.now()));
}

async function make(storm: Storm, disturbance: Disturbance): Promise<void> {
  const { stage } = storm;
  switch (disturbance.kind) {
    case 'kill':
      await Promise.all(victims(stage, disturbance.what).map((kept) => killFor(kept, disturbance.backMs)));
      return;
    case 'freeze': {
      const worker = stage.workers[disturbance.worker - 1];
      worker?.signal('SIGSTOP');
      await delay(disturbance.forMs);
      worker?.signal('SIGCONT');
      return;
    }
    case 'http':
      stage.proxy.trouble(disturbance);
      return;
    case 'restore':
      return restore(stage, disturbance);
    case 'clock':
      return fileFor(stage.clockFiles[disturbance.worker - 1] ?? '', String(disturbance.offsetMs), disturbance.forMs);
    case 'disk-full':
      return fileFor(stage.diskFullFile, '', disturbance.forMs);
    case 'ask':
      return ask(storm, disturbance);
  }
}

function victims({ workers, service, temporal }: Stage, what: Killed): Kept[] {
  const [first, second] = workers;
  const all = {
    'worker-1': [first],
    'worker-2': [second],
    'both-workers': [first, second],
    service: [service],
    temporal: [temporal],
  };
  return all[what];
}

async function killFor(kept: Kept, ms: number): Promise<void> {
  await kept.kill();
  await delay(ms);
  await kept.up();
}

async function fileFor(path: string, content: string, ms: number): Promise<void> {
  await writeFile(path, content);
  await delay(ms);
  await rm(path, { force: true });
}

/** The copy is consistent, as a backup is; what the service wrote after it is gone. */
async function restore(stage: Stage, { ageMs }: Extract<Disturbance, { kind: 'restore' }>): Promise<void> {
  const { store } = statePaths(stage.home);
  const copy = join(stage.folder, 'service-copy.db');
  await rm(copy, { force: true });
  const db = openStoreReadOnly(store);
  try {
    await backup(db, copy);
  } finally {
    db.close();
  }
  await delay(ageMs);
  await stage.service.kill();
  for (const beside of ['-wal', '-shm']) await rm(store + beside, { force: true });
  await copyFile(copy, store);
  await stage.service.up();
}

async function ask({ stage, loops }: Storm, { what, loop, set, resumeMs }: Extract<Disturbance, { kind: 'ask' }>) {
  const handle = loops[loop]?.handle;
  if (!handle) return;
  const updateId = randomUUID();
  switch (what) {
    case 'stop':
    case 'stop-now': {
      const request = { ...BY, now: what === 'stop-now' };
      await bounded(stage, () => handle.executeUpdate(stop, { args: [request], updateId }));
      return;
    }
    case 'pause':
      await bounded(stage, () => handle.executeUpdate(pause, { args: [BY], updateId }));
      await delay(resumeMs);
      await bounded(stage, () => handle.executeUpdate(resume, { args: [BY] }));
      return;
    case 'adjust':
      await bounded(stage, () => handle.executeUpdate(adjust, { args: [{ ...BY, set }], updateId }));
      return;
    case 'cancel':
      await bounded(stage, () => handle.cancel());
  }
}
