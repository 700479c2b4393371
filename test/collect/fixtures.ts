import type { CollectContext } from '../../collect/collector.ts';
import { freezeEvaluationSet } from '../../data/evaluation-set.ts';
import type { LoopFolder } from '../../data/loop-folder.ts';
import type { ClassCounts } from '../../loop/round.ts';
import { type LoopSpecInput, LoopSpecSchema } from '../../loop/spec.ts';
import { imageFolder, loopFolder, QUOTAS } from '../data/fixtures.ts';

/** A context of a loop in a fresh folder that reports to nobody. */
export async function contextOf(
  spec: Partial<LoopSpecInput> & Pick<LoopSpecInput, 'collector'>,
  more: Partial<CollectContext> = {},
): Promise<CollectContext> {
  const resolved = LoopSpecSchema.parse({ name: 'test-loop', ...spec });
  const folder = more.folder ?? (await loopFolder());
  return {
    folder,
    spec: resolved,
    classes: resolved.classes ?? ['cat', 'dog'],
    quotas: QUOTAS,
    heartbeat: () => {},
    ...more,
  };
}

export async function poolContext(path: string, spec: Partial<LoopSpecInput> = {}): Promise<CollectContext> {
  return contextOf({ collector: { kind: 'pool', path }, ...spec });
}

export async function peopleContext(classes: string[] = ['cat', 'dog']): Promise<CollectContext> {
  return contextOf({ collector: { kind: 'people' }, classes });
}

/** An ImageFolder with `counts` different pictures per class; the seeds count up from `first`. */
export async function poolOf(counts: ClassCounts, first = 1): Promise<string> {
  let seed = first;
  const files = Object.entries(counts).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => [`${name}/${at}.png`, seed++] as const),
  );
  return imageFolder(Object.fromEntries(files));
}

/** Freezes an evaluation set in the loop's folder. */
export async function freeze(folder: LoopFolder, files: Record<string, number>): Promise<void> {
  await freezeEvaluationSet(folder, { path: await imageFolder(files), quotas: QUOTAS });
}
