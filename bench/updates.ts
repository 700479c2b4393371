import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { copyBatch } from '../collect/submit.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { type Event, eventsOf, scheduled } from './histories.ts';
import { createInstantVision } from './instant-vision.ts';
import type { Row } from './table.ts';

const CLASSES = ['red', 'green'];
const TASK_QUEUE = 'bench-updates';
const LOOP = 'bench-updates';
const MOST_EVENTS = 6;
/** An activity: scheduled, started and completed, and the workflow task that takes its result (scheduled, started, completed). */
const EVENTS_OF_AN_ACTIVITY = 6;
/** Nothing new for so long means that the loop waits again, milliseconds. */
const QUIET_MS = 1500;

/** Events that accepted updates add to a loop that waits for people. */
export async function measureUpdates(ground: Ground): Promise<Row[]> {
  ground.say('Updates: pause, resume and submitImages of a loop that waits for people');
  const sources = join(ground.home, 'sources', LOOP);
  const evaluation = await imageFolder(join(sources, 'evaluation'), { classes: CLASSES, perClass: 2, firstSeed: 1 });
  const images = await imageFolder(join(sources, 'images'), { classes: CLASSES, perClass: 1, firstSeed: 100 });
  const stop = await ground.work(TASK_QUEUE, createInstantVision(CLASSES).client);
  try {
    await ground.start(TASK_QUEUE, {
      name: LOOP,
      classes: CLASSES,
      collector: { kind: 'people' },
      imagesPerClass: 3,
      evaluation: { path: evaluation },
      caps: { deadline: '1d' },
    });
    await quiet(ground);
    const rows = [await measure(ground, 'pause', {}), await measure(ground, 'resume', {})];
    const { manifest, counts } = await copyBatch(LoopFolder.at(ground.home, LOOP), images, { classes: CLASSES });
    return [...rows, await measure(ground, 'submitImages', { manifest, counts })];
  } finally {
    await ground.client.workflow.getHandle(LOOP).terminate();
    await stop();
  }
}

async function measure(ground: Ground, update: string, argument: object): Promise<Row> {
  const before = (await eventsOf(ground.client, LOOP)).length;
  await ground.client.workflow.getHandle(LOOP).executeUpdate(update, { args: [argument] });
  const added = (await quiet(ground)).slice(before);
  const activities = added.filter((event) => scheduled(event) !== undefined).length;
  const own = added.length - activities * EVENTS_OF_AN_ACTIVITY;
  const more =
    activities === 0 ? '' : ` (and ${activities * EVENTS_OF_AN_ACTIVITY} of the activity that admits the images)`;
  const met = own <= MOST_EVENTS;
  return { measure: `events added by an accepted ${update}`, value: `${own}${more}`, target: `≤ ${MOST_EVENTS}`, met };
}

/** The history once the loop has nothing more to do. */
async function quiet({ client }: Ground): Promise<Event[]> {
  for (let before = -1; ; ) {
    const events = await eventsOf(client, LOOP);
    if (events.length === before) return events;
    before = events.length;
    await pause(QUIET_MS);
  }
}
