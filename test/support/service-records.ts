import { z } from 'zod';
import { DEFAULT_API_VERSION, KEY_HEADER, MOUNT_POINT, ModelSchema } from '../../vision/contract.ts';
import type { Rig } from './rig.ts';

const PageSchema = z.object({ value: z.array(ModelSchema), nextLink: z.string().optional() });

const LedgerSchema = z.object({
  value: z.array(z.object({ model: z.string(), status: z.string(), billedMinutes: z.number() })),
});

/** The lines of the vision service's ledger that are a loop's, oldest first; models that were deleted keep theirs. */
export async function ledger({ service }: Pick<Rig, 'service'>, loop: string) {
  const origin = service.url.replace(/\/computervision\/?$/, '');
  const answer = await fetch(`${origin}/ledger?top=1000`, { headers: { [KEY_HEADER]: service.key } });
  return LedgerSchema.parse(await answer.json()).value.filter(({ model }) => model.startsWith(`${loop}-r`));
}

/** Every model of a loop that the vision service has on record, with the compute minutes it bills. */
export async function billed({ service }: Pick<Rig, 'service'>, loop: string) {
  const models: { name: string; status: string; minutes: number }[] = [];
  let next: string | undefined =
    `${service.url.replace(/\/computervision\/?$/, '')}${MOUNT_POINT}/models?api-version=${DEFAULT_API_VERSION}&top=30`;
  while (next) {
    const answer = await fetch(next, { headers: { [KEY_HEADER]: service.key } });
    const page = PageSchema.parse(await answer.json());
    for (const { name, status, trainingCostInMinutes } of page.value) {
      if (name.startsWith(`${loop}-r`)) models.push({ name, status, minutes: trainingCostInMinutes ?? 0 });
    }
    next = page.nextLink;
  }
  return models;
}
