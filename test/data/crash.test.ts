import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isTemporary, LEFTOVER_AFTER_MS, sweepTemporaries } from '../../data/temporaries.ts';
import { put, temporaryFolder } from './fixtures.ts';

const WRITER = fileURLToPath(new URL('support/killed-writer.ts', import.meta.url));

/** What a writer that was killed before its n-th call to the file system left behind. */
interface Left {
  killed: boolean;
  /** Content of the file; undefined when it is not there. */
  content: string | undefined;
  temporaries: string[];
  root: string;
}

async function kill(how: string, step: number, old?: string): Promise<Left> {
  const root = await temporaryFolder();
  const source = await put(await temporaryFolder(), 'source', 'the new content');
  const path = join(root, 'file.json');
  if (old !== undefined) await put(root, 'file.json', old);
  const child = spawn(process.execPath, [WRITER, how, String(step), path, source], { stdio: 'ignore' });
  const [code, signal] = await once(child, 'exit');
  if (signal === null) expect(code).toBe(0);
  const content = await readFile(path, 'utf8').catch(() => undefined);
  const temporaries = (await readdir(root)).filter((name) => name !== 'file.json');
  return { killed: signal === 'SIGKILL', content, temporaries, root };
}

/** Kills the write before each of its calls in turn, until it has no more of them. */
async function killEverywhere(how: string, old?: string): Promise<Left[]> {
  const all: Left[] = [];
  for (let from = 1; all.at(-1)?.killed !== false; from += 4)
    all.push(...(await Promise.all([0, 1, 2, 3].map((each) => kill(how, from + each, old)))));
  return all;
}

describe('a process killed in the middle of a write', () => {
  it.each([
    ['create', undefined, undefined],
    ['copy', undefined, undefined],
    ['replace', undefined, undefined],
    ['replace', 'the old content', 'the old content'],
    ['create', 'the old content', 'the old content'],
  ])(
    'leaves the file whole, old or new, at every step (%s over %s)',
    async (how, old, before) => {
      const all = await killEverywhere(how, old);
      const killed = all.filter((left) => left.killed);
      expect(killed.length).toBeGreaterThanOrEqual(6);
      for (const { content } of all) expect([before, 'the new content']).toContain(content);
      expect(all.at(-1)).toMatchObject({
        content: how === 'create' && old !== undefined ? old : 'the new content',
        temporaries: [],
      });
      // The old one stays to the last moment, and then it is the new one: both were seen.
      expect(new Set(killed.map(({ content }) => content)).size).toBe(how === 'create' && old !== undefined ? 1 : 2);
      expect(killed.flatMap(({ temporaries }) => temporaries).every(isTemporary)).toBe(true);
      expect(killed.some(({ temporaries }) => temporaries.length > 0)).toBe(true);
    },
    60_000,
  );

  it('leaves temporary files that are swept a day later, and nothing else is', async () => {
    const { root, temporaries } = await kill('create', 4);
    expect(temporaries).toHaveLength(1);
    const names = ['.hidden.tmp', 'a.tmp', `x${temporaries[0] ?? ''}`];
    for (const name of names) await utimes(await put(root, name, ''), 0, 0);
    expect(await sweepTemporaries(root)).toEqual([]);
    const { ctimeMs } = await stat(join(root, temporaries[0] ?? ''));
    expect(await sweepTemporaries(root, ctimeMs + LEFTOVER_AFTER_MS - 1)).toEqual([]);
    expect(await sweepTemporaries(root, ctimeMs + LEFTOVER_AFTER_MS + 1)).toEqual(temporaries);
    expect((await readdir(root)).toSorted()).toEqual(names.toSorted());
  });

  it('sweeps nothing where there is no folder', async () => {
    expect(await sweepTemporaries(join(await temporaryFolder(), 'none'))).toEqual([]);
  });
});
