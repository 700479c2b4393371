import { answerRequest } from '../decide/answer.ts';
import type { DecisionRequest } from '../loop/decision-request.ts';
import { LEARN_OPTIMISE_COLLECT } from './loc-policy.ts';
import { loopStrategy } from './loop-strategy.ts';
import { PLAIN_POLICIES } from './plain-policies.ts';
import { POWER_LAW } from './power-law.ts';
import type { Strategy } from './strategy.ts';

type Settings = DecisionRequest['settings'];

/** What the loop's own policies are told beside their task; the loop's defaults for the rest. */
export type LoopSettings = Partial<Omit<Settings, 'policy' | 'target' | 'evaluationImages'>>;

const BASELINES: readonly Strategy[] = [...PLAIN_POLICIES, POWER_LAW, LEARN_OPTIMISE_COLLECT];

/** What is known of a loop that is replayed. */
export interface LoopFacts {
  /** It measured parts of its first round: its policies saw them. */
  parts: boolean;
  /** Mean compute minutes of its rounds. */
  roundMinutes?: number;
}

/**
 * Every policy under test: the loop's own first, driven through the code that answers a request for a decision, with the loop's
 * defaults; then the baselines.
 */
export function policiesWith(settings: LoopSettings, facts: LoopFacts = { parts: false }): Strategy[] {
  const told = { answer: answerRequest, subsets: facts.parts, settings, roundMinutes: facts.roundMinutes };
  return [
    loopStrategy({ policy: 'forecast', title: 'the loop’s default', ...told }),
    loopStrategy({ policy: 'thresholds', title: 'the loop’s table of rules', ...told }),
    ...BASELINES,
  ];
}
