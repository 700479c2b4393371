import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { LoopState } from './loop-state.ts';

const PHASE = defineSearchAttributeKey('LoopPhase', SearchAttributeType.KEYWORD);
const ROUND = defineSearchAttributeKey('LoopRound', SearchAttributeType.INT);
const METRIC = defineSearchAttributeKey('LoopMetric', SearchAttributeType.DOUBLE);
const TARGET = defineSearchAttributeKey('LoopTarget', SearchAttributeType.DOUBLE);
const NEEDS_HUMAN = defineSearchAttributeKey('LoopNeedsHuman', SearchAttributeType.BOOL);
const OUTCOME = defineSearchAttributeKey('LoopOutcome', SearchAttributeType.KEYWORD);

/**
 * What the list of loops in the Temporal UI shows. Writing it costs an event, so only what changed is written.
 */
export function publish(state: LoopState, needsHuman: boolean): void {
  const { phase, round } = state;
  const metric = state.records.findLast((record) => record.metric !== null)?.metric ?? null;
  const outcome = state.result?.outcome ?? null;
  const { changes } = state;
  // The start wrote the target; only what people made of it since is written here.
  const target = changes?.target;
  const shown = JSON.stringify([phase, round, needsHuman, metric, outcome, ...(target === undefined ? [] : [target])]);
  if (shown === state.published) return;
  state.published = shown;
  const pairs: SearchAttributeUpdatePair[] = [
    { key: PHASE, value: phase },
    { key: ROUND, value: round },
    { key: NEEDS_HUMAN, value: needsHuman },
  ];
  // A column of the list has room for four decimals; whether it changed is asked of the whole number.
  if (metric !== null) pairs.push({ key: METRIC, value: Number(metric.toFixed(4)) });
  if (target !== undefined) pairs.push({ key: TARGET, value: target });
  if (outcome !== null) pairs.push({ key: OUTCOME, value: outcome });
  upsertSearchAttributes(pairs);
}
