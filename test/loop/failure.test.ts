import { glob, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FAILURES, type FailureType } from '../../loop/failure.ts';
import { failuresDoc } from '../../report/failures-doc.ts';

const root = new URL('../../', import.meta.url);
const types = Object.keys(FAILURES) as FailureType[];

describe('the list of failures', () => {
  it.each(types)('%s has a headline without a full stop, an explanation in sentences, and a remedy', (type) => {
    const { headline, explanation, remedy } = FAILURES[type];
    expect(headline).toMatch(/^[A-Z].{10,}[^.!?]$/);
    expect(explanation).toMatch(/^[A-Z].{20,}\.$/);
    expect(remedy).toMatch(/^[A-Z].{10,}\.$/);
  });

  it.each(types)('the remedy of %s names an answer or a command', (type) => {
    expect(FAILURES[type].remedy).toMatch(/`(?:retry|skip|stop|deltaloop [a-z]+ LOOP[^`]*)`/);
  });

  it('has no type that nothing raises', async () => {
    let source = '';
    for await (const file of glob('{activities,workflows,data,collect}/**/*.ts', { cwd: root }))
      source += await readFile(new URL(file, root), 'utf8');
    expect(types.filter((type) => !source.includes(`'${type}'`))).toEqual([]);
  });

  it('is what docs/failures.md says, as `npm run failures-doc` writes it', async () => {
    expect(await readFile(new URL('docs/failures.md', root), 'utf8')).toBe(failuresDoc());
  });
});
