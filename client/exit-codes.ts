import type { Outcome } from '../loop/outcome.ts';

/** The process exit codes of `deltaloop`; public, frozen by tests, listed in `deltaloop --help`. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  needsPerson: 3,
  notAuthorised: 4,
  targetNotMet: 5,
  capReached: 6,
  checksFailed: 7,
  stillRunning: 8,
  timedOut: 124,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_OUTCOME: Record<Outcome, ExitCode> = {
  'target-reached': EXIT.ok,
  'good-enough': EXIT.ok,
  'not-improving': EXIT.targetNotMet,
  'target-unreachable': EXIT.targetNotMet,
  'images-exhausted': EXIT.targetNotMet,
  stopped: EXIT.targetNotMet,
  'budget-exhausted': EXIT.capReached,
  'image-limit': EXIT.capReached,
  'round-limit': EXIT.capReached,
  deadline: EXIT.capReached,
};

/** The exit code of a finished loop. */
export function exitCodeOf(outcome: Outcome): ExitCode {
  return BY_OUTCOME[outcome];
}

const MEANINGS: [ExitCode, string][] = [
  [EXIT.ok, 'done; or the loop ended target-reached or good-enough'],
  [
    EXIT.unexpected,
    'unexpected error; the loop failed or was terminated in Temporal; or explain decides otherwise than recorded',
  ],
  [EXIT.usage, 'usage or spec; or decide refused a line'],
  [EXIT.needsPerson, 'the loop waits for a person (watch --until-attention)'],
  [EXIT.notAuthorised, 'not authorised'],
  [EXIT.targetNotMet, 'the loop ended not-improving, target-unreachable, images-exhausted or stopped'],
  [EXIT.capReached, 'the loop ended budget-exhausted, image-limit, round-limit or deadline'],
  [EXIT.checksFailed, 'dataset checks failed; verify or export found files that differ; or import refused a file'],
  [EXIT.stillRunning, 'the loop is still running (status --check)'],
  [EXIT.timedOut, 'watch timed out; the loop goes on'],
  [EXIT.interrupted, 'Ctrl-C; the loop goes on'],
];

/** The exit codes as the last part of `deltaloop --help`. */
export function exitCodesHelp(): string {
  const lines = MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ['Exit codes:', ...lines].join('\n');
}
