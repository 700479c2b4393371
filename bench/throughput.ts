import { join } from 'node:path';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { steadySpec } from './steady-spec.ts';
import { type StubService, startStubService } from './stub-service.ts';
import type { Row } from './table.ts';
import { startWorkerProcess } from './worker-process.ts';

const LOOPS = 24;
const ROUNDS = 8;
const CLASSES = ['red', 'green'];

/** Rounds per second of many loops at once with a vision service that answers at once, by one worker and by two. */
export async function measureThroughput(ground: Ground): Promise<Row[]> {
  const stub = await startStubService(CLASSES);
  const sources = join(ground.home, 'sources/throughput');
  const pool = await imageFolder(join(sources, 'pool'), { classes: CLASSES, perClass: 2 * ROUNDS, firstSeed: 1 });
  const evaluation = await imageFolder(join(sources, 'evaluation'), { classes: CLASSES, perClass: 3, firstSeed: 900 });
  try {
    const one = await roundsPerSecond(ground, stub, { workers: 1, pool, evaluation });
    const two = await roundsPerSecond(ground, stub, { workers: 2, pool, evaluation });
    return [
      {
        measure: `rounds per second, ${LOOPS} loops of ${ROUNDS} rounds at once, instant service: one worker, two workers`,
        value: `${one.toFixed(1)}, ${two.toFixed(1)} (${(two / one).toFixed(2)}×)`,
      },
    ];
  } finally {
    await stub.close();
  }
}

interface Run {
  workers: number;
  pool: string;
  evaluation: string;
}

async function roundsPerSecond(ground: Ground, stub: StubService, { workers, pool, evaluation }: Run): Promise<number> {
  const taskQueue = `bench-throughput-${workers}`;
  ground.say(`Throughput: ${LOOPS} loops of ${ROUNDS} rounds on ${workers} worker${workers === 1 ? '' : 's'}`);
  const names = Array.from({ length: workers }, (_, i) => `${taskQueue}-worker-${i + 1}`);
  const processes = await Promise.all(names.map((name) => startWorkerProcess(ground, stub, { name, taskQueue })));
  try {
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: LOOPS }, async (_, i) => {
        const name = `${taskQueue}-${i + 1}`;
        await ground.start(taskQueue, steadySpec({ name, pool, evaluation, rounds: ROUNDS }));
        await ground.finish(name);
      }),
    );
    return (LOOPS * ROUNDS * 1000) / (performance.now() - begun);
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}
