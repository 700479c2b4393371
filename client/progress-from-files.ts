import { durationMs } from '../loop/duration.ts';
import type { LoopProgress, Phase } from '../loop/progress.ts';
import type { LoopFiles } from './loop-files.ts';

/** Entries of the journal that a view shows, as many as the worker's own. */
const JOURNAL_SHOWN = 5;

/** What the files cannot tell by themselves. */
export interface ProgressWords {
  phase: Phase;
  round: number;
  state: string;
  next: string;
}

/**
 * A loop's progress as its folder tells it, for a loop that has ended or whose worker does not answer: rounds, images per
 * class and billed minutes as of the last decision; what a round still needs is not known there.
 */
export function progressFromFiles(loop: string, files: LoopFiles | undefined, words: ProgressWords): LoopProgress {
  const spec = files?.spec ?? undefined;
  const settledMinutes = (files?.rounds ?? []).reduce((sum, record) => sum + record.billedMinutes, 0);
  return {
    schemaVersion: 1,
    loop,
    title: spec?.title ?? loop,
    ...words,
    metric: spec?.metric ?? 'accuracyTop1',
    target: spec?.target ?? null,
    evaluationImages: files?.evaluationImages ?? null,
    classes: classesOf(files),
    rounds: files?.rounds ?? [],
    lastDecision: files?.lastDecision ?? '',
    attention: null,
    budget: {
      capMinutes: Math.floor((spec?.caps.hours ?? 0) * 60),
      reservedMinutes: 0,
      settledMinutes: files?.result?.billedMinutes ?? settledMinutes,
    },
    ...(spec && { caps: { hours: spec.caps.hours, images: spec.caps.images ?? null, rounds: spec.caps.rounds } }),
    journal: (files?.journal ?? []).slice(-JOURNAL_SHOWN),
    images: files?.result?.images ?? files?.rounds.at(-1)?.images ?? 0,
    deadline: files ? deadlineOf(files) : null,
    paused: words.phase === 'paused',
    warnings: files?.warnings ?? [],
    result: files?.result ?? null,
  };
}

/** Images per class in the spec's order of classes, or in the files' own. */
function classesOf(files: LoopFiles | undefined): LoopProgress['classes'] {
  const counts = files?.perClass ?? {};
  const names = files?.spec?.classes ?? Object.keys(counts);
  return names.map((name) => ({ name, have: counts[name] ?? 0, need: 0 }));
}

/** The loop's deadline, ISO-8601 UTC: its start plus `caps.deadline`; null without one. */
export function deadlineOf({ loop, spec }: Pick<LoopFiles, 'loop' | 'spec'>): string | null {
  const deadline = spec?.caps.deadline;
  return deadline === undefined ? null : new Date(Date.parse(loop.startedAt) + durationMs(deadline)).toISOString();
}
