import { collectorFor } from '../collect/collectors.ts';
import { ChecksFailedError } from '../data/errors.ts';
import { freezeEvaluationSet } from '../data/evaluation-set.ts';
import { stableJson } from '../data/json.ts';
import { firstRoundNeed, totalOf } from '../decide/delta.ts';
import { cutWarning } from '../decide/first-round-words.ts';
import { minimumWarning, startWarnings } from '../decide/warnings.ts';
import type { Finding } from '../loop/finding.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { Vital } from './alive.ts';
import { settingsOf } from './decision-input.ts';
import type { ActivityDeps } from './deps.ts';
import { inBrief } from './in-brief.ts';
import { type LoopFiles, openLoop } from './loop-files.ts';
import { evaluationQuotas, trainingQuotas } from './quotas.ts';
import { takeOver } from './seeding.ts';
import { serviceOf } from './services.ts';
import type { OfLoop, Prepared } from './types.ts';

/**
 * Freezes and hashes the evaluation set, lists the pool, and checks the spec against what the service can do,
 * before anything is spent.
 * @throws ChecksFailedError with every finding; LoopFailure `ServiceProfileUnknown`.
 */
export async function prepareLoop(deps: ActivityDeps, input: OfLoop, vital: Vital): Promise<Prepared> {
  const { signal, beat } = vital;
  const files = await openLoop(deps.home, input);
  const { folder, spec } = files;
  const { capabilities } = serviceOf(deps, spec.service);
  const kind = modelKindOf(spec);
  const minimum = capabilities.quotas[kind].minTrainImagesPerClass;
  const classes = spec.classes;
  const evaluation = spec.evaluation
    ? await freezeEvaluationSet(folder, {
        path: spec.evaluation.path,
        task: spec.task,
        quotas: evaluationQuotas(capabilities, kind),
        heartbeat: beat,
        signal,
        ...(classes ? { classes } : {}),
      })
    : null;
  const taken = await takeOver(deps, files, { classes: classes ?? evaluation?.classes, vital });
  const quotas = trainingQuotas(capabilities, kind);
  const source = await collectorFor(spec).prepare({
    folder,
    spec,
    // A pool need not hold what the loop owns already.
    quotas: taken ? { ...quotas, minImagesPerClass: Math.max(0, minimum - fewestOf(taken)) } : quotas,
    heartbeat: beat,
    signal,
    classes: classes ?? evaluation?.classes ?? [],
  });
  const findings = [...(evaluation?.findings ?? []), ...source.findings];
  refuseErrors(findings);
  await folder.replace('findings.json', stableJson(findings));
  const capImages = spec.caps.images ?? null;
  const firstNeed = taken
    ? needBeside(taken, { classes: source.classes, minimum, capImages })
    : firstRoundNeed({ ...spec, capImages }, source.classes, minimum);
  return {
    classes: source.classes,
    evaluation: evaluation && { file: evaluation.ref, hash: evaluation.hash, images: evaluation.images },
    minImagesPerClass: minimum,
    firstNeed,
    warnings: [
      ...warningsOf(files, evaluation?.images ?? null, minimum),
      ...(taken ? [] : cutWarning(firstNeed ?? {}, Math.max(spec.imagesPerClass, minimum), capImages)),
      ...inBrief(findings),
    ],
    ...(deps.webhook ? { webhook: true } : {}),
  };
}

function fewestOf(taken: ClassCounts): number {
  return Math.min(...Object.values(taken));
}

/** What a first round asks for beside the images that it took over: no more than the service's minimum. Null where the cap has no room. */
function needBeside(
  taken: ClassCounts,
  { classes, minimum, capImages }: { classes: readonly string[]; minimum: number; capImages: number | null },
): ClassCounts | null {
  const need = Object.fromEntries(classes.map((name) => [name, Math.max(0, minimum - (taken[name] ?? 0))]));
  return capImages !== null && totalOf(taken) + totalOf(need) > capImages ? null : need;
}

function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ChecksFailedError(errors);
}

function warningsOf({ spec }: LoopFiles, evaluationImages: number | null, minimum: number): string[] {
  return [
    ...startWarnings(settingsOf(spec, evaluationImages, false), spec.evaluation?.predictions ?? false),
    ...minimumWarning(spec.imagesPerClass, minimum),
  ];
}
