import { type Changes, changesInWords } from './changes.ts';
import type { FailureType } from './failure.ts';

/** Something that a person said to a running loop: `journal/<sequence>.json`, written once. */
export interface JournalEntry {
  /** 1, 2, 3 … in the order in which the loop heard them. */
  sequence: number;
  kind: 'resolve' | 'adjust' | 'pause' | 'resume' | 'stop';
  /** Who said it; `Temporal UI` where nobody was named. */
  by: string;
  /** ISO-8601 UTC. */
  at: string;
  /** Why; empty where no reason was given. */
  reason: string;
  round: number;
  /** To what the loop had asked: `resolve` only. */
  about?: { type: FailureType; step: string; message: string };
  answer?: 'retry' | 'skip' | 'stop';
  /** `stop` only: a running training was to be cancelled as well. */
  now?: true;
  /** What was changed, and what the same keys held before. */
  set?: Changes;
  before?: Record<string, string | number | null>;
}

/** Where an entry lies in the loop’s folder: `journal/0007.json`. */
export function journalFile(sequence: number): string {
  return `journal/${String(sequence).padStart(4, '0')}.json`;
}

/** Everything that was changed so far, later entries over earlier ones; undefined where nothing was. */
export function changesOf(entries: readonly JournalEntry[]): Changes | undefined {
  const sets = entries.flatMap(({ set }) => (set === undefined ? [] : [set]));
  return sets.length === 0 ? undefined : Object.assign({}, ...sets);
}

/** `30 Nov 14:02 UTC ann: retry with caps.hours = 30 – more budget`. */
export function entryInWords(entry: JournalEntry): string {
  const { at, by, reason } = entry;
  return `${moment(at)} ${by}: ${saidInWords(entry)}${reason === '' ? '' : ` – ${reason}`}`;
}

/** What was said, without who and why: `retry with caps.hours = 30`, or without the change just `retry`. */
export function saidInWords({ kind, answer, now, set }: JournalEntry, withChange = true): string {
  const changed = set === undefined || !withChange ? '' : changesInWords(set);
  if (kind === 'adjust') return changed;
  const said = answer ?? (now ? 'stop now' : kind);
  return changed === '' ? said : `${said} with ${changed}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function moment(at: string): string {
  const [, month = '01', day = '01'] = at.slice(0, 10).split('-');
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${at.slice(11, 16)} UTC`;
}

/** What a change replaced, key by key: `caps.hours 24 → 30, target 0.9 → none`; empty where nothing was changed. */
export function replacedInWords({ set = {}, before = {} }: Pick<JournalEntry, 'set' | 'before'>): string {
  return Object.entries(set)
    .map(([key, value]) => `${key} ${before[key] ?? 'none'} → ${value ?? 'none'}`)
    .join(', ');
}
