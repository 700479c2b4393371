import { collectorFor } from '../collect/collectors.ts';
import { ChecksFailedError } from '../data/errors.ts';
import { stableJson } from '../data/json.ts';
import { freezeEvaluationSet } from '../data/evaluation-set.ts';
import { startWarnings } from '../decide/warnings.ts';
import type { Finding } from '../loop/finding.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { Capabilities } from '../vision/capabilities.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { LoopFailure } from './errors.ts';
import { type LoopFiles, openLoop } from './loop-files.ts';
import { evaluationQuotas, trainingQuotas } from './quotas.ts';
import { serviceOf } from './services.ts';
import type { Prepared } from './types.ts';

/**
 * Freezes and hashes the evaluation set, lists the pool, and checks the spec against what the service can do,
 * before anything is spent.
 * @throws ChecksFailedError with every finding; LoopFailure `NotEnoughImages` or `ServiceProfileUnknown`.
 */
export async function prepareLoop(
  deps: ActivityDeps,
  input: { loop: string },
  { signal, beat }: Vital,
): Promise<Prepared> {
  const files = await openLoop(deps.home, input.loop);
  const { folder, spec } = files;
  const { capabilities } = serviceOf(deps, spec.service);
  const classes = spec.classes;
  const evaluation = spec.evaluation
    ? await freezeEvaluationSet(folder, {
        ...{ path: spec.evaluation.path, quotas: evaluationQuotas(capabilities), heartbeat: beat },
        ...(classes ? { classes } : {}),
      })
    : null;
  const source = await collectorFor(spec).prepare({
    ...{ folder, spec, quotas: trainingQuotas(capabilities), heartbeat: beat, signal },
    classes: classes ?? evaluation?.classes ?? [],
  });
  const findings = [
    ...(evaluation?.findings ?? []),
    ...source.findings,
    ...sameClasses(source.classes, evaluation?.classes),
  ];
  refuseErrors(findings);
  refuseTooFew(source.available, capabilities);
  await folder.replace('findings.json', stableJson(findings));
  return {
    classes: source.classes,
    evaluation: evaluation && { file: evaluation.ref, hash: evaluation.hash, images: evaluation.images },
    minImagesPerClass: capabilities.minTrainImagesPerClass,
    warnings: [
      ...warningsOf(files, evaluation?.images ?? null, capabilities),
      ...findings.map(({ message }) => message),
    ],
  };
}

function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ChecksFailedError(errors);
}

/** The evaluation set must speak of the very classes that are trained. */
function sameClasses(trained: readonly string[], evaluated: readonly string[] | undefined): Finding[] {
  if (!evaluated) return [];
  const fix = 'Give both the same class folders or categories.';
  const one = (name: string, message: string): Finding => ({
    severity: 'error',
    code: 'class-mismatch',
    where: name,
    message,
    fix,
  });
  return [
    ...trained
      .filter((name) => !evaluated.includes(name))
      .map((name) => one(name, `The evaluation set has no images of class ${name}.`)),
    ...evaluated
      .filter((name) => !trained.includes(name))
      .map((name) => one(name, `The evaluation set has class ${name}, which the loop does not train.`)),
  ];
}

function refuseTooFew(available: ClassCounts | null, { minTrainImagesPerClass: minimum }: Capabilities): void {
  const short = Object.entries(available ?? {}).filter(([, n]) => n < minimum);
  if (short.length === 0) return;
  const list = short.map(([name, n]) => `${name} has ${n}`).join(', ');
  throw new LoopFailure('NotEnoughImages', `The service needs ${minimum} training images of every class; ${list}.`);
}

function warningsOf({ spec }: LoopFiles, evaluationImages: number | null, capabilities: Capabilities): string[] {
  const raised = spec.imagesPerClass < capabilities.minTrainImagesPerClass;
  return [
    ...startWarnings(
      { evaluationImages, margin: spec.margin, target: spec.target ?? null, claim: spec.claim },
      spec.evaluation?.predictions ?? false,
    ),
    ...(raised
      ? [
          `The first round takes ${capabilities.minTrainImagesPerClass} images per class, the service’s minimum, instead of ${spec.imagesPerClass}.`,
        ]
      : []),
  ];
}
