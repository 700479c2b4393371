import { expect, it } from 'vitest';
import { inBrief } from '../../activities/in-brief.ts';
import type { Finding } from '../../loop/finding.ts';

function finding(message: string): Finding {
  return { severity: 'warning', code: 'groups-unknown-file', where: 'groups.csv:2', message, fix: 'Nothing to do.' };
}

it('findings stay short in a history, however long a dataset makes a name and however many there are', () => {
  const long = inBrief(Array<Finding>(50).fill(finding(`the line names "${'x'.repeat(3_000_000)}"`)));
  expect(long).toHaveLength(11);
  expect(long.at(-1)).toBe('And 40 more findings, all in findings.json of the loop’s folder.');
  expect(long[0]).toMatch(/^the line names "x+…$/);
  expect(JSON.stringify(long).length).toBeLessThan(10_000);
});

it('findings that are short are told as they are', () => {
  expect(inBrief([finding('the line names "a.png"')])).toEqual(['the line names "a.png"']);
});
