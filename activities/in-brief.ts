import type { Finding } from '../loop/finding.ts';

/** Findings shown beside a loop; all of them are in `findings.json`. */
const SHOWN = 10;
/** Characters of one; names in datasets may be as long as somebody made them, and Temporal takes two megabytes. */
const LONGEST = 500;

/** The first findings as sentences that fit a history, and how many more there are. */
export function inBrief(findings: readonly Finding[]): string[] {
  const rest = findings.length - SHOWN;
  const shown = findings.slice(0, SHOWN).map(({ message }) => cut(message));
  return rest > 0 ? [...shown, `And ${rest} more findings, all in findings.json of the loop’s folder.`] : shown;
}

function cut(message: string): string {
  return message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
}
