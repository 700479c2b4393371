/**
 * The search attributes of a loop and their Temporal types; the one list that the workflow, the local server
 * and the compose set-up register and use.
 */
export const SEARCH_ATTRIBUTES = {
  LoopPhase: 'Keyword',
  LoopRound: 'Int',
  LoopMetric: 'Double',
  LoopTarget: 'Double',
  LoopNeedsHuman: 'Bool',
  LoopOutcome: 'Keyword',
} as const;
