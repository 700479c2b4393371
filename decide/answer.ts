import type { DecisionAnswer, DecisionRequest } from '../loop/decision-request.ts';
import type { CurvePoint, DecisionInput } from '../loop/round.ts';
import { decide } from './decide.ts';
import { totalOf } from './delta.ts';

/** All images stand for one class here: a request knows no classes by name. */
const ALL = 'all';

function pointsOf({ history }: DecisionRequest): { history: CurvePoint[]; rounds: number; withoutMetric: number } {
  const rounds = history.filter(({ share }) => share === undefined);
  const points = rounds.flatMap(({ images, metric }, at) =>
    metric === null ? [] : [{ round: at + 1, images, model: `round ${at + 1}`, metric, verdicts: null }],
  );
  const withMetric = rounds.findLastIndex(({ metric }) => metric !== null);
  return { history: points, rounds: rounds.length, withoutMetric: rounds.length - 1 - withMetric };
}

function inputOf(request: DecisionRequest): DecisionInput {
  const { settings, caps } = request;
  const { history, rounds, withoutMetric } = pointsOf(request);
  const images = request.history.findLast(({ share }) => share === undefined)?.images ?? 0;
  return {
    round: rounds,
    history,
    withoutMetric,
    settings: {
      metric: settings.metric,
      target: settings.target,
      claim: settings.claim,
      margin: settings.margin,
      patience: settings.patience,
      delta: { kind: 'forecast' },
      evaluationImages: settings.evaluationImages,
      collectorExhausted: false,
    },
    caps: {
      settledMinutes: 0,
      capMinutes: Number.MAX_SAFE_INTEGER,
      nextTrainingHours: 0,
      images,
      capImages: caps.images,
      capRounds: caps.rounds,
      deadlinePassed: false,
    },
    perClass: { [ALL]: images },
  };
}

/** Decides on a request by the thresholds alone: δ doubles, and nothing is extrapolated. Pure. */
export function answerRequest(request: DecisionRequest): DecisionAnswer {
  const input = inputOf(request);
  const { outcome, delta, sentence, warnings } = decide(input);
  const action = outcome === null ? 'grow' : outcome === 'target-reached' ? 'claim' : 'stop';
  return {
    ...(request.id !== undefined && { id: request.id }),
    action,
    outcome,
    nextImages: delta === null ? null : input.caps.images + totalOf(delta),
    probabilities: null,
    sentence,
    warnings,
  };
}
