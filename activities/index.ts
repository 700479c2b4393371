import { alive, type Vital } from './alive.ts';
import { admitBatch, collectImages } from './collecting.ts';
import { checkTrainingSet, registerDataset } from './datasets.ts';
import { decideRound } from './deciding.ts';
import type { ActivityDeps } from './deps.ts';
import { evaluateModel } from './evaluation.ts';
import { finishLoop } from './finishing.ts';
import { recordAnswers } from './journal.ts';
import { notify } from './notify.ts';
import { predictEvaluationSet } from './predictions.ts';
import { prepareLoop } from './prepare.ts';
import { adoptService } from './service-change.ts';
import { awaitTraining, cancelTraining, startTraining } from './training.ts';
import type { Activities, OfLoop } from './types.ts';

type Step<I, O> = (deps: ActivityDeps, input: I, vital: Vital) => Promise<O>;

/** The activities of a worker, each a thin call into the rooms that do the work. */
export function createActivities(deps: ActivityDeps): Activities {
  const bind = <I extends OfLoop, O>(step: Step<I, O>) =>
    alive<I, O>((input, vital) => step(deps, input, vital), deps.now);
  return {
    prepareLoop: bind(prepareLoop),
    admitBatch: bind(admitBatch),
    collectImages: bind(collectImages),
    checkTrainingSet: bind(checkTrainingSet),
    registerDataset: bind(registerDataset),
    startTraining: bind(startTraining),
    awaitTraining: bind(awaitTraining),
    cancelTraining: bind(cancelTraining),
    evaluateModel: bind(evaluateModel),
    predictEvaluationSet: bind(predictEvaluationSet),
    decideRound: bind(decideRound),
    adoptService: bind(adoptService),
    notify: bind(notify),
    recordAnswers: bind(recordAnswers),
    finishLoop: bind(finishLoop),
  };
}
