import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { createVisionClient } from '../../vision/client.ts';
import { createVisionService } from '../../vision-service/server.ts';
import { profiles, type Rig } from './rig.ts';

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

/** A service as the default profile, and the spare one, which asks for three images of a class at least. */
export function withSpare(own: Rig['service'], spare: Rig['service']) {
  const quotas = structuredClone(EMBEDDED_CAPABILITIES.quotas);
  for (const kind of Object.values(quotas)) kind.minTrainImagesPerClass = 3;
  const client = createVisionClient({ baseUrl: spare.url, key: spare.key });
  return profiles(own).set('spare', { client, capabilities: { ...EMBEDDED_CAPABILITIES, quotas } });
}
