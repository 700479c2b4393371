import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandContext } from '../../client/context.ts';
import { processOutput } from '../../client/output.ts';
import { submitDirectory } from '../../client/submit-images.ts';
import { copyBatch } from '../../collect/submit.ts';
import { submitImages } from '../../workflows/messages.ts';
import { bounded, type RunningLoop } from './loops.ts';
import type { BatchPlan } from './plan-loops.ts';
import { type ChaosSources, CLASSES } from './sources.ts';
import type { Stage } from './stage.ts';

/** A batch of which the loop told its sender that it is queued. */
export interface Told {
  loop: string;
  /** SHA-256 of the batch's manifest, hex. */
  manifest: string;
  message: string;
}

interface HandingIn {
  stage: Stage;
  loop: RunningLoop;
  sources: ChaosSources;
  startedAt: number;
}

const TRIES = 4;
const BY = 'a person';

/** Hands in a loop's batches as planned; what a loop that has ended refuses is nobody's loss, and not told. */
export async function handIn(handing: HandingIn): Promise<Told[]> {
  const all = handing.loop.plan.batches.map(async (batch) => {
    await delay(Math.max(0, handing.startedAt + batch.atMs - Date.now()));
    return one(handing, batch);
  });
  return (await Promise.all(all)).flat();
}

async function one(handing: HandingIn, { batch, how }: BatchPlan): Promise<Told[]> {
  const directory = handing.sources.batches[batch] ?? '';
  const first = () => byCommand(handing, directory);
  const other = () => byOtherId(handing, directory);
  if (how === 'both') return (await Promise.all([first(), other()])).flat();
  const told = await first();
  if (how === 'twice') return [...told, ...(await first())];
  return how === 'other-id' ? [...told, ...(await other())] : told;
}

/** Through the code of `deltaloop submit`, as often as a person would try who is told that nobody answers. */
async function byCommand({ stage, loop }: HandingIn, directory: string): Promise<Told[]> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const context = new CommandContext(stage.env, processOutput());
    try {
      const { message } = await submitDirectory(context, { loop: loop.spec.name, directory, by: BY });
      return message === null ? [] : [await toldOf(loop, directory, message)];
    } catch (error) {
      if (error instanceof Error && /refuses|no longer runs|has ended/.test(error.message)) return [];
      await delay(300);
    } finally {
      await context.close();
    }
  }
  return [];
}

/** The same images as another update, as a second client would send them. */
async function byOtherId({ stage, loop }: HandingIn, directory: string): Promise<Told[]> {
  const { manifest, counts } = await copyBatch(loop.folder, directory, { classes: CLASSES });
  const batch = { manifest, counts, by: BY };
  try {
    const send = () => loop.handle.executeUpdate(submitImages, { args: [batch], updateId: randomUUID() });
    const { message } = await bounded(stage, send);
    return [{ loop: loop.spec.name, manifest: manifest.sha256, message }];
  } catch {
    // Refused by a loop that ends, or lost with a server that was killed: not told.
    return [];
  }
}

async function toldOf(loop: RunningLoop, directory: string, message: string): Promise<Told> {
  const { manifest } = await copyBatch(loop.folder, directory, { classes: CLASSES });
  return { loop: loop.spec.name, manifest: manifest.sha256, message };
}
