import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DUMP, RESTORE } from '../../scripts/production-commands.ts';
import { composeFile, composeText, ROOT, variablesOf } from '../../scripts/production-compose.ts';

const guide = (await readFile(join(ROOT, 'docs/deployment.md'), 'utf8')).replaceAll('\\\n', '');

test('the guide backs up and restores with the commands that the production test runs', () => {
  const words = guide.replaceAll(/\s+/g, ' ');
  expect(words).toContain(`docker compose exec -T postgresql ${DUMP.join(' ')} "$database"`);
  expect(words).toContain(`docker compose exec -T postgresql ${RESTORE.join(' ')} < "backup/$database.sql"`);
});

test('the guide tells of every service what to do when it is not healthy', () => {
  for (const name of Object.keys(composeFile().services))
    expect(guide).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
});

test('the guide names no variable of .env that docker-compose.yml does not know', () => {
  const known = new Set(variablesOf(composeText).map(({ name }) => name));
  const services = Object.values(composeFile().services).flatMap(({ environment }) => Object.keys(environment));
  const named = [...guide.matchAll(/`(DELTALOOP_[A-Z_]+)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.has(name) && !services.includes(name))).toEqual([]);
});
