import type { DecisionAnswer, DecisionRequest } from '../loop/decision-request.ts';
import type { ClassCounts, CurvePoint, Decision, DecisionInput, SubsetPoint } from '../loop/round.ts';
import { DELTA_OF } from '../loop/spec.ts';
import { decide } from './decide.ts';
import { totalOf } from './delta.ts';

/** Nothing but the request's own caps may end a history that is only asked about. */
const NO_LIMIT_MINUTES = 1e9;

/**
 * Decides for a bare history, with the very code of a loop. Classes are supposed to have equal shares; images come without their
 * verdicts, so that comparisons are unpaired.
 * @throws RangeError when the history has no round.
 */
export function answerRequest(request: DecisionRequest): DecisionAnswer {
  const input = decisionInputOf(request);
  const decision = decide(input);
  const { outcome, sentence, warnings } = decision;
  return {
    ...(request.id === undefined ? {} : { id: request.id }),
    action: actionOf(decision),
    outcome,
    nextImages: nextImages(input, decision),
    probabilities: decision.forecast?.probabilities ?? null,
    sentence,
    warnings,
  };
}

/** An image of a detector counts for several classes, so that only a forecast that sizes the round knows the total. */
function nextImages({ caps, settings }: DecisionInput, { delta, forecast }: Decision): number | null {
  if (delta === null) return null;
  const sized = settings.task === 'detection' && settings.delta.kind === 'forecast';
  const planned = sized ? (forecast?.next ?? null) : null;
  return planned ?? caps.images + totalOf(delta);
}

function actionOf({ action, outcome }: Decision): DecisionAnswer['action'] {
  if (action === 'collect') return 'grow';
  if (outcome === 'target-reached') return 'claim';
  return outcome === 'target-unreachable' ? 'give-up' : 'stop';
}

/**
 * The request as a loop would record it.
 * @throws RangeError when the history has no round.
 */
export function decisionInputOf({ history, settings, caps }: DecisionRequest): DecisionInput {
  const rounds = history.filter(({ share }) => share === undefined);
  const last = rounds.at(-1);
  if (last === undefined) throw new RangeError('the history has parts of a first round and no round');
  const subsets = history.flatMap(({ share, images, metric }): SubsetPoint[] =>
    share === undefined || metric === null ? [] : [{ share, images, metric, verdicts: null }],
  );
  const points = rounds.flatMap(({ images, metric }, at): CurvePoint[] =>
    metric === null ? [] : [{ round: at + 1, images, metric, model: `round-${at + 1}`, verdicts: null }],
  );
  return {
    round: rounds.length,
    history: points,
    settings: settingsOf(settings),
    caps: {
      settledMinutes: 0,
      capMinutes: NO_LIMIT_MINUTES,
      nextTrainingHours: 1,
      images: last.images,
      capImages: caps.images,
      capRounds: caps.rounds,
      deadlinePassed: false,
      ...(caps.roundMinutes === undefined ? {} : { roundMinutes: caps.roundMinutes }),
    },
    perClass: evenly(last.images, settings.classes ?? 1),
    withoutMetric: rounds.length - 1 - rounds.findLastIndex(({ metric }) => metric !== null),
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

function settingsOf(settings: DecisionRequest['settings']): DecisionInput['settings'] {
  const { policy, metric, target, claim, margin, patience, evaluationImages } = settings;
  const { confidence, giveUp, seed, looks, prices, delta, classRatio } = settings;
  return {
    ...(metric.startsWith('mean') ? { task: 'detection' as const } : {}),
    metric,
    target,
    claim,
    margin,
    patience,
    evaluationImages,
    policy,
    delta: delta ?? DELTA_OF[policy],
    classRatio,
    collectorExhausted: false,
    forecast: { confidence, giveUp, seed, looks, prices },
  };
}

/** `images` in `classes` equal parts, as whole numbers. */
function evenly(images: number, classes: number): ClassCounts {
  const part = (at: number) => Math.floor(images / classes) + (at < images % classes ? 1 : 0);
  return Object.fromEntries(Array.from({ length: classes }, (_, at) => [`class ${at + 1}`, part(at)]));
}
