import { plural } from '../decide/format.ts';
import type { Finding } from '../loop/finding.ts';
import { type CheckedSet, isError } from './check-dataset.ts';
import type { Styler } from './output.ts';
import { printable, textTable } from './text-table.ts';

/** A finding in two lines: where and what, then how to mend it. */
export function findingText(finding: Finding, style: Styler): string {
  const { severity, code, where, message, fix } = finding;
  const head = style(severity === 'error' ? 'red' : 'yellow', severity);
  return `${head}  ${printable(where)}: ${printable(message)} [${code}]\n  → ${printable(fix)}`;
}

/** A checked dataset for a terminal: its counts, then every finding, errors first. */
export function checkedText({ path, purpose, counts, images, findings }: CheckedSet, style: Styler): string {
  const errors = findings.filter(isError);
  const warnings = findings.filter((finding) => !isError(finding));
  return [
    `${style('bold', `${purpose} set ${printable(path)}`)}: ${plural(images, 'readable image')}, ${plural(errors.length, 'error')}, ${plural(warnings.length, 'warning')}`,
    textTable(['class', 'images'], Object.entries(counts)),
    ...[...errors, ...warnings].map((finding) => findingText(finding, style)),
  ].join('\n');
}
