import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DCLinter } from 'dclint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { SEARCH_ATTRIBUTES } from '../../loop/search-attributes.ts';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';
import { workerSettings } from '../../worker/settings.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const composeFile = join(root, 'docker-compose.yml');
const composeText = await readFile(composeFile, 'utf8');

const ServiceSchema = z.looseObject({
  image: z.string(),
  restart: z.string(),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
});
const { services, volumes } = z
  .looseObject({ services: z.record(z.string(), ServiceSchema), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(composeText, { merge: true }));

const LintResultsSchema = z.array(
  z.looseObject({ messages: z.array(z.looseObject({ rule: z.string(), type: z.string(), message: z.string() })) }),
);

/** What the Compose Specification's JSON Schema refuses in a file. */
function schemaErrors(file: string): string[] {
  const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] });
  const results = LintResultsSchema.parse(linter.lintFiles([file], false));
  const errors = results.flatMap(({ messages }) => messages.filter(({ type }) => type === 'error'));
  return errors.map(({ rule, message }) => `${rule}: ${message}`);
}

/** A service's environment with every `${VARIABLE…}` replaced by the value. */
function environment(service: string, value: string): Record<string, string> {
  const entries = Object.entries(services[service]?.environment ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, text.replace(/\$\{[^}]*\}/g, value)]));
}

describe('docker-compose.yml', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'deltaloop-compose-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('is valid by the schema of the Compose Specification', () => {
    expect(schemaErrors(composeFile)).toEqual([]);
  });

  test('would be refused with a key that the specification does not know', async () => {
    const broken = join(scratch, 'docker-compose.yml');
    await writeFile(broken, composeText.replace('    healthcheck:', '    healthchek:'));
    expect(schemaErrors(broken).join('\n')).toContain('/services/postgresql');
  });

  test('publishes ports on the loopback interface only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports).toHaveLength(3);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('pins every image to an exact version', () => {
    for (const { image } of Object.values(services)) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
  });

  test('has no default for a password, a key or a folder, and lists every variable in deploy/example.env', async () => {
    const example = await readFile(join(root, 'deploy/example.env'), 'utf8');
    const variables = new Map(
      [...composeText.matchAll(/\$\{(\w+)(:[?-])?/g)].map(([, name = '', mark]) => [name, mark]),
    );
    expect(variables.get('POSTGRES_PASSWORD')).toBe(':?');
    for (const name of variables.keys()) {
      expect(example).toMatch(new RegExp(`^#?${name}=`, 'm'));
      if (!name.endsWith('_PORT')) expect(composeText).not.toContain(`\${${name}:-`);
    }
  });

  test('keeps the database in a named volume', () => {
    expect(services['postgresql']?.volumes).toEqual(['postgresql:/var/lib/postgresql/data']);
    expect(Object.keys(volumes)).toEqual(['postgresql']);
  });

  test('restarts what stays up and checks its health', () => {
    const staying = Object.entries(services).filter(([, { restart }]) => restart === 'unless-stopped');
    expect(staying.map(([name]) => name).sort()).toEqual([
      'postgresql',
      'temporal',
      'temporal-ui',
      'vision-service',
      'worker',
    ]);
    for (const [, service] of staying) expect(service.healthcheck).toBeDefined();
  });

  test('gives worker and vision service settings that they understand, and the same folder and key', () => {
    const worker = workerSettings(environment('worker', '/a-value'));
    const service = settingsFromEnvironment(environment('vision-service', '/a-value'));
    expect(worker.services.get('default')).toEqual({
      url: `http://vision-service:${service.port}`,
      key: service.key,
      kind: 'embedded',
    });
    expect(worker.home).toBe(service.home);
    expect(services['worker']?.healthcheck?.test.join(' ')).toContain(`:${worker.healthPort}/ready`);
    expect(services['vision-service']?.healthcheck?.test.join(' ')).toContain(`:${service.port}/health`);
  });
});

test('the set-up script registers exactly the search attributes that a loop uses', async () => {
  const script = await readFile(join(root, 'deploy/setup-namespace.sh'), 'utf8');
  const registered = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [name, type]);
  expect(Object.fromEntries(registered)).toEqual(SEARCH_ATTRIBUTES);
});
