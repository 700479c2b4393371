import { admitBatch as admit } from '../collect/admit.ts';
import { collectorFor } from '../collect/collectors.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop, roundFile } from './loop-files.ts';
import { trainingQuotas } from './quotas.ts';
import { serviceOf } from './services.ts';
import type { AdmitInput, Admitted, Collected, CollectInput, OfLoop } from './types.ts';

interface Where extends OfLoop {
  /** Used where the spec leaves the classes to the pool. */
  classes: string[];
}

async function contextOf(deps: ActivityDeps, { classes, ...of }: Where, { signal, beat }: Vital) {
  const { folder, spec } = await openLoop(deps.home, of);
  const quotas = trainingQuotas(serviceOf(deps, spec.service).capabilities, modelKindOf(spec));
  return { folder, spec, quotas, classes: spec.classes ?? classes, heartbeat: beat, signal };
}

/** Draws this round's images from the pool, or from what people handed in; a retry reads what was drawn. */
export async function collectImages(deps: ActivityDeps, input: CollectInput, vital: Vital): Promise<Collected> {
  const context = await contextOf(deps, { ...input, classes: Object.keys(input.need) }, vital);
  const { round, need, admissions, room } = input;
  const request = { round, need, admissions, ...(room === undefined ? {} : { room }) };
  const { added, images, surplus, short, exhausted, findings } = await collectorFor(context.spec).collect(
    context,
    request,
  );
  if (findings.length > 0) await context.folder.writeJsonOnce(roundFile(round, 'collect-findings'), findings);
  const detected = surplus === undefined ? {} : { images, surplus };
  const told = deps.webhook ? { webhook: true as const } : {};
  return { added, short, exhausted, findings: findings.length, ...detected, ...told };
}

/** Takes over one batch that people handed in; duplicates fall out by content hash against the loop's files. */
export async function admitBatch(deps: ActivityDeps, input: AdmitInput, vital: Vital): Promise<Admitted> {
  const context = await contextOf(deps, { ...input, classes: [] }, vital);
  const { accepted, images, duplicates, refused } = await admit(context, {
    sequence: input.sequence,
    manifest: input.manifest,
  });
  const counted = context.spec.task === 'detection' ? { images } : {};
  return { accepted, duplicates, refused: refused.length, ...counted };
}
