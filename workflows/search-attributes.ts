import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { LoopState } from './loop-state.ts';

const PHASE = defineSearchAttributeKey('LoopPhase', SearchAttributeType.KEYWORD);
const ROUND = defineSearchAttributeKey('LoopRound', SearchAttributeType.INT);
const METRIC = defineSearchAttributeKey('LoopMetric', SearchAttributeType.DOUBLE);
const NEEDS_HUMAN = defineSearchAttributeKey('LoopNeedsHuman', SearchAttributeType.BOOL);
const OUTCOME = defineSearchAttributeKey('LoopOutcome', SearchAttributeType.KEYWORD);

/**
 * What the list of loops in the Temporal UI shows. Writing it costs an event, so only what changed is written.
 */
export function publish(state: LoopState, needsHuman: boolean): void {
  const { phase, round } = state;
  const metric = state.records.findLast((record) => record.metric !== null)?.metric ?? null;
  const outcome = state.result?.outcome ?? null;
  const shown = JSON.stringify([phase, round, needsHuman, metric, outcome]);
  if (shown === state.published) return;
  state.published = shown;
  const pairs: SearchAttributePair[] = [
    { key: PHASE, value: phase },
    { key: ROUND, value: round },
    { key: NEEDS_HUMAN, value: needsHuman },
  ];
  // A column of the list has room for four decimals; whether it changed is asked of the whole number.
  if (metric !== null) pairs.push({ key: METRIC, value: Number(metric.toFixed(4)) });
  if (outcome !== null) pairs.push({ key: OUTCOME, value: outcome });
  upsertSearchAttributes(pairs);
}
