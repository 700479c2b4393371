import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The search attributes that the client writes at a start and reads for lists. */
export const KEYS = {
  phase: defineSearchAttributeKey('LoopPhase', SearchAttributeType.KEYWORD),
  round: defineSearchAttributeKey('LoopRound', SearchAttributeType.INT),
  metric: defineSearchAttributeKey('LoopMetric', SearchAttributeType.DOUBLE),
  target: defineSearchAttributeKey('LoopTarget', SearchAttributeType.DOUBLE),
  needsHuman: defineSearchAttributeKey('LoopNeedsHuman', SearchAttributeType.BOOL),
};
