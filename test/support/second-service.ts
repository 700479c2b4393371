import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { createVisionService } from '../../vision-service/server.ts';
import type { Rig } from './rig.ts';

/** Another vision service beside a rig's own, with a database of its own and the same images. */
export async function secondService({ home }: Pick<Rig, 'home'>) {
  const key = randomUUID();
  const service = await createVisionService({
    home: join(home, 'spare'),
    key,
    backbone: 'classical',
    port: 0,
    threads: 1,
    log: pino({ level: 'silent' }),
    allowedRoots: [home],
  });
  return { url: service.url, key, close: () => service.close() };
}
