import { join } from 'node:path';
import type { FaultRules } from '../../vision-service/faults/schema.ts';
import { imageFolder } from './images.ts';
import { type FaultyProxy, faultyProxy } from './proxy.ts';
import { createRig, profiles, type Rig } from './rig.ts';

/** The part of a spec that says where images come from and what measures the models. */
export interface Sources {
  collector: { kind: 'pool'; path: string };
  evaluation: { path: string };
}

/** A pool and an evaluation set of so many images per class that share no picture, in a rig's home. */
export async function imageSources(
  { home }: Pick<Rig, 'home'>,
  perClass: { pool: number; evaluation: number },
): Promise<Sources> {
  const pool = await imageFolder(join(home, 'sources/pool'), { perClass: perClass.pool, firstSeed: 1 });
  const evaluation = await imageFolder(join(home, 'sources/evaluation'), {
    perClass: perClass.evaluation,
    firstSeed: 1000,
  });
  return { collector: { kind: 'pool', path: pool }, evaluation: { path: evaluation } };
}

/** A rig with images and workers, whose calls to the vision service go through a proxy that makes trouble on demand. */
export interface TroubledRig {
  rig: Rig;
  proxy: FaultyProxy;
  sources: Sources;
  close: () => Promise<void>;
}

export async function troubledRig(taskQueue: string, faults?: FaultRules): Promise<TroubledRig> {
  const rig = await createRig([], faults);
  const proxy = await faultyProxy(rig.service.url);
  const sources = await imageSources(rig, { pool: 12, evaluation: 10 });
  const stopWorkers = await rig.work(taskQueue, profiles({ url: proxy.url, key: rig.service.key }));
  const close = async () => {
    proxy.rule(null);
    await stopWorkers();
    await proxy.close();
    await rig.teardown();
  };
  return { rig, proxy, sources, close };
}
