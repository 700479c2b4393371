import { ChecksFailedError } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { checkCounts } from '../data/set-checks.ts';
import { classesOf } from '../loop/labels.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { Vital } from './alive.ts';
import { registerDataset } from './datasets.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop } from './loop-files.ts';
import { evaluationQuotas } from './quotas.ts';
import { serviceOf } from './services.ts';
import type { AdoptInput } from './types.ts';

/**
 * Takes a loop to another vision service: holds the frozen evaluation set against that service's quotas, registers it there, and tells
 * how many images of a class the service needs to train.
 * @throws ChecksFailedError when the set is too small or too large for the service; LoopFailure `ServiceProfileUnknown`, `NameTaken`.
 */
export async function adoptService(deps: ActivityDeps, input: AdoptInput, vital: Vital) {
  const { folder, spec } = await openLoop(deps.home, input);
  const { capabilities } = serviceOf(deps, spec.service);
  const kind = modelKindOf(spec);
  if (input.evaluation) {
    const images = await readEvaluationSet(folder);
    const classes = [...new Set(images.flatMap(classesOf))];
    const findings = checkCounts(images, {
      purpose: 'evaluation',
      quotas: evaluationQuotas(capabilities, kind),
      classes,
    });
    if (findings.some(({ severity }) => severity === 'error')) throw new ChecksFailedError(findings);
    await registerDataset(deps, { ...input, ...input.evaluation }, vital);
  }
  return { minImagesPerClass: capabilities.quotas[kind].minTrainImagesPerClass };
}
