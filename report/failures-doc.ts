import { FAILURES, type FailureText } from '../loop/failure.ts';

const INTRODUCTION = `# When something goes wrong

<!-- Written by \`npm run failures-doc\` from loop/failure.ts; edit that file, not this one. -->

Nothing that a person can mend ends a loop. It waits in \`needs-attention\`, says what is wrong, and goes on with an answer:
\`deltaloop resolve LOOP retry\` (with \`--set key=value\` to change something first), \`skip\` or \`stop\`. The same words stand in the
Temporal UI, on the command line and here; the name in front is the type of the \`ApplicationFailure\`, which is never renamed.

`;

function section([type, { headline, explanation, remedy }]: [string, FailureText]): string {
  return `## ${type}\n\n**${headline}.** ${explanation}\n\nWhat to do: ${remedy}\n`;
}

/** `docs/failures.md`: every kind of failure with its headline, explanation and remedy, as Markdown. */
export function failuresDoc(): string {
  return INTRODUCTION + Object.entries(FAILURES).map(section).join('\n');
}
