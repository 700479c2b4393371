import type { z } from 'zod';
import { type DecisionAnswer, type DecisionRequest, DecisionRequestSchema } from '../loop/decision-request.ts';
import type { Move, Seen, Strategy, Task } from './strategy.ts';

type Settings = z.input<typeof DecisionRequestSchema>['settings'];

/** Decides on a history with settings and caps. */
type Answer = (request: DecisionRequest) => DecisionAnswer;

/** The loop's own policy as a strategy. */
interface LoopPolicy {
  policy: DecisionRequest['settings']['policy'];
  title: string;
  /** The code of the loop that decides. */
  answer: Answer;
  subsets: boolean;
  /** Settings that are not the loop's defaults. */
  settings?: Partial<Settings>;
}

/** Drives the very code of the loop: the history so far becomes a request, its answer the next move. */
export function loopStrategy({ policy, title, answer, subsets, settings }: LoopPolicy): Strategy {
  const decide = (history: readonly Seen[], task: Task): Move =>
    moveOf(answer(requestOf(history, task, { ...settings, policy })));
  return { name: policy, title, subsets, decide };
}

function requestOf(history: readonly Seen[], task: Task, settings: Partial<Settings>): DecisionRequest {
  const { target, evaluationImages, cap: images, rounds } = task;
  return DecisionRequestSchema.parse({
    history,
    settings: { ...settings, target, evaluationImages },
    caps: { images, rounds },
  });
}

function moveOf({ action, nextImages, outcome }: DecisionAnswer): Move {
  if (action === 'claim') return { kind: 'claim' };
  if (action === 'grow' && nextImages !== null) return { kind: 'grow', to: nextImages };
  return { kind: 'give-up', ...(outcome !== null && { outcome }) };
}
