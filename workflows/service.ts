import { patched } from '@temporalio/workflow';
import { attempt } from './attempting.ts';
import { needsAttention } from './attention.ts';
import { type LoopContext, ofLoop, work } from './context.ts';
import { add, type Frozen, imageCount, subtract, total } from './loop-state.ts';
import { FURTHER_NAMES, nameOf } from './registering.ts';
import { unwindIfMoved } from './unwinding.ts';

/**
 * Sees to it that the service in force knows the evaluation set, and that its quotas are those the loop goes by: after a person named
 * another service, whatever a round does next is done there.
 * @throws LoopEnd as `needsAttention`.
 */
export async function ensureService(ctx: LoopContext): Promise<void> {
  const { state, origin } = ctx;
  const { frozen } = state;
  while (frozen && ctx.input.spec.service !== (frozen.service ?? origin.spec.service)) {
    let service = '';
    let further = 0;
    const { minImagesPerClass } = await attempt(ctx, {
      step: 'service',
      begins: true,
      run: () => {
        service = ctx.input.spec.service;
        const { evaluation } = frozen;
        const yardstick = evaluation && { dataset: evaluation.dataset, file: evaluation.file };
        return work(ctx, `move to the vision service ${service}`).adoptService({
          ...ofLoop(ctx),
          evaluation: yardstick,
        });
      },
      mend: async ({ type }) => {
        if (type !== 'DatasetNameTaken' || further === FURTHER_NAMES || !patched('further-names')) return false;
        further += 1;
        renameYardstick(frozen);
        return true;
      },
      onRetry: () => {
        further = 0;
      },
    });
    Object.assign(frozen, { service, minImagesPerClass });
    state.need = enough(ctx, state.need);
  }
}

/** Gives the evaluation set its next name at the services, where something else stands under the one that it has. */
function renameYardstick({ evaluation }: Frozen): void {
  if (!evaluation) return;
  const { base = evaluation.dataset, version = 1 } = evaluation;
  const next = { base, version: version + 1 };
  Object.assign(evaluation, { ...next, dataset: nameOf(next) });
}

/**
 * Ties what follows to the service in force, however often people change it meanwhile: a dataset, its trainings and their
 * evaluations belong to one service. Until `unbind`.
 * @throws LoopEnd as `needsAttention`.
 */
export async function bindService(ctx: LoopContext): Promise<void> {
  unbind(ctx);
  await ensureService(ctx);
  ctx.state.bound = ctx.input.spec.service;
}

export function unbind({ state }: LoopContext): void {
  delete state.bound;
}

/**
 * Asks what to do where a service that came later needs more images of a class than the round has: they cannot be had in this round.
 * @param moved the round's trainings began at another service
 * @throws LoopEnd, RoundSkipped as `needsAttention`; ServiceChanged when the answer names yet another service.
 */
export async function requireEnough(ctx: LoopContext, moved: boolean): Promise<void> {
  const { state } = ctx;
  const { bound = '', frozen } = state;
  while (frozen) {
    const short = frozen.classes.filter((name) => (state.have[name] ?? 0) < frozen.minImagesPerClass);
    if (short.length === 0 || !(moved || patched('enough-at-start'))) return;
    const has = short.map((name) => `${name} has ${state.have[name] ?? 0}`).join(', ');
    await needsAttention(ctx, 'train', {
      type: 'NotEnoughImages',
      message: `The vision service ${bound} trains on at least ${frozen.minImagesPerClass} images of a class; ${has}. \`skip\` goes on to the next round, which collects them.`,
    });
    unwindIfMoved(ctx, 'NotEnoughImages');
  }
}

/**
 * What a round asks for, with what a service that came later needs of every class at least; where the cap on images has no room for
 * that, as it was.
 */
export function enough({ state, origin, input }: LoopContext, need: Record<string, number>): Record<string, number> {
  const { frozen } = state;
  if (!frozen?.service || frozen.service === origin.spec.service || total(need) === 0) return need;
  const least = Object.fromEntries(frozen.classes.map((name) => [name, frozen.minImagesPerClass]));
  const lacking = subtract(subtract(least, state.have), need);
  const raised = add(need, lacking);
  const cap = input.spec.caps.images ?? Number.POSITIVE_INFINITY;
  return imageCount(state) + total(raised) > cap ? need : raised;
}
