import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { eventsOf, scheduled } from './histories.ts';
import { createInstantVision } from './instant-vision.ts';
import type { Row } from './table.ts';

const CLASSES = ['red', 'green'];
const SHORT_S = 1;

interface Wait {
  seconds: number;
  /** The workers are replaced in the middle. */
  restart: boolean;
}

/** Whether a training's events depend on its length: of loops of one round, whose trainings take longer and longer. */
export async function measureWaiting(ground: Ground, longS: number): Promise<Row[]> {
  const sources = join(ground.home, 'sources/waiting');
  const pool = await imageFolder(join(sources, 'pool'), { classes: CLASSES, perClass: 4, firstSeed: 1 });
  const evaluation = await imageFolder(join(sources, 'evaluation'), { classes: CLASSES, perClass: 2, firstSeed: 100 });
  const waits: Wait[] = [
    { seconds: SHORT_S, restart: false },
    { seconds: longS, restart: false },
    { seconds: longS, restart: true },
  ];
  ground.say(`Waiting: trainings of ${waits.map(inWords).join(', ')}, all at once`);
  const counts = await Promise.all(waits.map((wait) => eventsOfTraining(ground, wait, { pool, evaluation })));
  return waits.map((wait, i) => ({
    measure: `events of a training of ${inWords(wait)}`,
    value: String(counts[i]),
    ...(i === 0 ? {} : { target: `${counts[0]}, as of ${SHORT_S} s`, met: counts[i] === counts[0] }),
  }));
}

function inWords({ seconds, restart }: Wait): string {
  const length = seconds < 60 ? `${seconds} s` : `${seconds / 60} min`;
  return restart ? `${length} with the worker restarted in the middle` : length;
}

/** Events from the submitting of a training to the beginning of the evaluation. */
async function eventsOfTraining(ground: Ground, wait: Wait, { pool, evaluation }: Sources): Promise<number> {
  const name = `bench-waiting-${wait.seconds}-${wait.restart ? 'restart' : 'plain'}`;
  const vision = createInstantVision(CLASSES);
  vision.trainingMs = wait.seconds * 1000;
  const stop = await ground.work(name, vision.client);
  await ground.start(name, {
    name,
    collector: { kind: 'pool', path: pool },
    evaluation: { path: evaluation },
    imagesPerClass: 3,
    caps: { rounds: 1 },
  });
  const restart = async () => {
    await pause(wait.seconds * 500);
    await stop();
    return ground.work(name, vision.client);
  };
  const stopLast = wait.restart ? await restart() : stop;
  try {
    await ground.finish(name);
  } finally {
    await stopLast();
  }
  const events = await eventsOf(ground.client, name);
  const at = (activity: string) => events.findIndex((event) => scheduled(event) === activity);
  return at('evaluateModel') - at('startTraining');
}

interface Sources {
  pool: string;
  evaluation: string;
}
