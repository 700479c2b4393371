import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../../scripts/production-compose.ts';
import { buildContext, dockerfileStages, isIgnored } from '../../scripts/production-image.ts';

const stages = dockerfileStages(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
const wordsOf = (stage: string, word: string): string[] =>
  (stages.get(stage) ?? []).filter((instruction) => instruction.word === word).map(({ rest }) => rest);
const packageJson = z
  .looseObject({
    version: z.string(),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));

const PROGRAMS = [
  'worker/main.ts',
  'vision-service/main.ts',
  'bin/deltaloop.ts',
  'deploy/healthcheck.ts',
  'scripts/build-bundle.ts',
];
const RELATIVE = /(?:from|import\(|new URL\()\s*'(\.{1,2}\/[^']+\.ts)'/g;
const PACKAGE = /^(?:import|export) (?!type)[^;]*?from '([^.'][^']*)';$/gms;

/** All own files that the programs of the image load, and the packages that these import. */
async function loaded(): Promise<{ files: Set<string>; packages: Set<string> }> {
  const files = new Set(PROGRAMS);
  const packages = new Set<string>();
  // A set that grows while it is walked is walked to its end.
  for (const file of files) {
    const text = await readFile(join(ROOT, file), 'utf8');
    for (const [, path = ''] of text.matchAll(RELATIVE)) files.add(normalize(join(dirname(file), path)));
    for (const [, name = ''] of text.matchAll(PACKAGE))
      packages.add(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
  }
  return { files, packages };
}

describe('the image', () => {
  test('is built in two stages from one exact version of Node, the one of package.json', () => {
    const base = `node:${packageJson.devDependencies['node']}-bookworm-slim`;
    expect(wordsOf('build', 'FROM')).toEqual([`${base} AS build`]);
    expect(wordsOf('', 'FROM')).toEqual([base]);
  });

  test('installs no development packages and makes its workflow bundle with what it installs', () => {
    const [install, bundle] = wordsOf('build', 'RUN');
    expect(install).toBe('npm ci --omit=dev');
    expect(bundle).toMatch(/^node scripts\/build-bundle\.ts (\S+) /);
    const file = /build-bundle\.ts (\S+)/.exec(bundle ?? '')?.[1];
    expect(wordsOf('', 'ENV').join(' ')).toContain(`DELTALOOP_WORKFLOW_BUNDLE=/app/${file}`);
  });

  test('runs as a user without rights, has a health check and tells its version', () => {
    expect(wordsOf('', 'USER')).toEqual(['node']);
    expect(wordsOf('', 'HEALTHCHECK').join()).toContain('CMD ["node", "deploy/healthcheck.ts"]');
    expect(wordsOf('', 'LABEL').join()).toContain(`version="${packageJson.version}"`);
  });

  test('holds every file that its programs load, and has every package that these import', async () => {
    const context = new Set(await buildContext());
    const { files, packages } = await loaded();
    expect(files.size).toBeGreaterThan(200);
    expect([...files].filter((file) => !context.has(file))).toEqual([]);
    const external = [...packages].filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
    expect(external).toContain('@temporalio/worker');
    expect(external.filter((name) => !(name in packageJson.dependencies))).toEqual([]);
  });

  test('holds no tests, no documentation, no settings and nothing of the history', async () => {
    const tops = new Set((await buildContext()).map((path) => path.split('/')[0]));
    for (const name of ['test', 'docs', 'bench', '.git', '.env', 'node_modules', 'docker-compose.yml']) {
      expect(tops).not.toContain(name);
    }
  });
});

describe('.dockerignore patterns', () => {
  test('keep a path in or out by the last one that fits it or a folder above it', () => {
    const patterns = ['*', '!worker', '!deploy/healthcheck.ts', '**/*.log'];
    const kept = ['worker/main.ts', 'worker/a/b.ts', 'deploy/healthcheck.ts'];
    const left = ['.env', 'test/a.ts', 'deploy/example.env', 'worker/main.log', 'worker/a/b.log'];
    expect(kept.filter((path) => isIgnored(path, patterns))).toEqual([]);
    expect(left.filter((path) => !isIgnored(path, patterns))).toEqual([]);
  });
});
