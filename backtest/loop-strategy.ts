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
  /** Compute minutes of a round, for its price; where they are not known a round is taken to reserve an hour. */
  roundMinutes?: number | undefined;
}

/** Outcomes of a loop that would have gone on. */
const CAPS = ['image-limit', 'round-limit'];

/** Drives the very code of the loop: the history so far becomes a request, its answer the next move. */
export function loopStrategy({ policy, title, answer, subsets, settings, roundMinutes }: LoopPolicy): Strategy {
  const decide = (history: readonly Seen[], task: Task): Move =>
    moveOf(answer(requestOf(history, task, { settings: { ...settings, policy }, roundMinutes })));
  return { name: policy, title, subsets, decide };
}

function requestOf(
  history: readonly Seen[],
  task: Task,
  { settings, roundMinutes }: Pick<LoopPolicy, 'settings' | 'roundMinutes'>,
): DecisionRequest {
  const { target, evaluationImages, cap: images, rounds } = task;
  return DecisionRequestSchema.parse({
    history,
    settings: { ...settings, target, evaluationImages },
    caps: { images, rounds, ...(roundMinutes === undefined ? {} : { roundMinutes }) },
  });
}

function moveOf({ action, nextImages, outcome }: DecisionAnswer): Move {
  if (action === 'claim') return { kind: 'claim' };
  if (action === 'grow' && nextImages !== null) return { kind: 'grow', to: nextImages };
  if (CAPS.includes(outcome ?? '')) return { kind: 'caps' };
  return { kind: 'give-up', ...(outcome !== null && { outcome }) };
}
