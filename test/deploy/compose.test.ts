import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SEARCH_ATTRIBUTES } from '../../loop/search-attributes.ts';
import { composeFile, composeText, durationMs, ROOT, variablesOf } from '../../scripts/production-compose.ts';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';
import { workerSettings } from '../../worker/settings.ts';

const { services, networks, volumes } = composeFile();
const all = Object.entries(services);
const staying = all.filter(([, { restart }]) => restart === 'unless-stopped');

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

/** The lines of deploy/example.env that set a variable: those to fill in, and those that show a default. */
async function exampleVariables(): Promise<{ required: Map<string, string>; optional: Map<string, string> }> {
  const example = await readFile(join(ROOT, 'deploy/example.env'), 'utf8');
  const lines = [...example.matchAll(/^(#?)([A-Z_]+)=(.*)$/gm)];
  const mapOf = (mark: string) =>
    new Map(lines.filter((line) => line[1] === mark).map((line) => [line[2] ?? '', line[3] ?? '']));
  return { required: mapOf(''), optional: mapOf('#') };
}

const REQUIRED = Object.fromEntries(
  variablesOf(composeText)
    .filter(({ mark }) => mark === ':?')
    .map(({ name }) => [name, `/a-value-of-${name}`]),
);

describe('docker-compose.yml by the schema of the Compose Specification', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'deltaloop-compose-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('is valid', () => {
    expect(schemaErrors(join(ROOT, 'docker-compose.yml'))).toEqual([]);
  });

  test.each([
    ['    healthcheck:', '    healthchek:', '/services/'],
    ['    internal: true', '    internal: [true]', '/networks/database'],
    ['condition: service_healthy', 'condition: service_well', '/services/'],
  ])('would be refused with %j written %j', async (right, wrong, place) => {
    const broken = join(scratch, 'docker-compose.yml');
    expect(composeText).toContain(right);
    await writeFile(broken, composeText.replace(right, wrong));
    expect(schemaErrors(broken).join('\n')).toContain(place);
  });
});

describe('docker-compose.yml', () => {
  test('publishes four ports, each on the loopback interface only', () => {
    const ports = all.flatMap(([, service]) => service.ports);
    expect(ports).toHaveLength(4);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+:-\d+\}:\d+$/);
  });

  test('pins every image to an exact version, and the admin tools to the one of the server', () => {
    for (const [, { image }] of all) expect(image).toMatch(/^[\w/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    const versions = ['temporal', 'temporal-schema', 'temporal-namespace'].map(
      (name) => services[name]?.image.split(':')[1],
    );
    expect(new Set(versions).size).toBe(1);
  });

  test('keeps what must last in named volumes and the user’s own folders, never in an anonymous volume', () => {
    const sources = all.flatMap(([, service]) => service.volumes.map((volume) => volume.split(':/')[0] ?? ''));
    const named = sources.filter((source) => !/^(\.\/|\$\{DELTALOOP_(HOME|PHOTOS):\?)/.test(source));
    expect(named).toEqual(['postgresql']);
    expect(Object.keys(volumes)).toEqual(['postgresql']);
    expect(services['postgresql']?.volumes).toEqual(['postgresql:/var/lib/postgresql/data']);
  });

  test('restarts what stays up, checks its health and gives it time to stop; what runs once is tried again', () => {
    const names = staying.map(([name]) => name).sort();
    expect(names).toEqual(['postgresql', 'temporal', 'temporal-ui', 'vision-service', 'worker']);
    for (const [, service] of staying) {
      expect(service.healthcheck).toBeDefined();
      expect(durationMs(service.stop_grace_period ?? '0s')).toBeGreaterThanOrEqual(10_000);
    }
    const others = all.filter(([name]) => !names.includes(name));
    for (const [, { restart }] of others) expect(restart).toMatch(/^on-failure:\d+$/);
  });

  test('starts each service after what it needs is healthy or done', () => {
    const order = all.map(([name, service]) => [
      name,
      Object.entries(service.depends_on).map(
        ([needed, { condition }]) => `${needed} ${condition.slice('service_'.length)}`,
      ),
    ]);
    expect(Object.fromEntries(order)).toEqual({
      postgresql: [],
      'temporal-schema': ['postgresql healthy'],
      temporal: ['temporal-schema completed_successfully'],
      'temporal-namespace': ['temporal healthy'],
      'temporal-ui': ['temporal healthy'],
      'vision-service': [],
      worker: ['temporal-namespace completed_successfully', 'vision-service healthy'],
    });
  });

  test('stops no worker before it has let go of its steps', async () => {
    const workers = await readFile(join(ROOT, 'worker/workers.ts'), 'utf8');
    const force = /shutdownForceTime: '(\w+)'/.exec(workers)?.[1] ?? '';
    expect(durationMs(services['worker']?.stop_grace_period ?? '0s')).toBeGreaterThan(durationMs(force));
  });

  test('gives no container more than it needs', () => {
    for (const [name, service] of all) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.any(String),
        pids_limit: expect.any(Number),
        logging: { driver: 'local', options: { 'max-size': expect.any(String), 'max-file': expect.any(String) } },
      });
      expect(service, name).not.toHaveProperty('privileged');
      expect(service, name).not.toHaveProperty('cap_add');
      expect(service.user ?? 'the image’s own', name).not.toMatch(/^(0|root)\b/);
    }
  });

  test('lets only the Temporal server and the set-up of its tables reach the database', () => {
    const inside = all.filter(([, service]) => service.networks.includes('database')).map(([name]) => name);
    expect(inside).toEqual(['postgresql', 'temporal-schema', 'temporal']);
    expect(services['postgresql']?.networks).toEqual(['database']);
    expect(networks['database']?.internal).toBe(true);
    for (const [name, service] of all) {
      expect(service.networks.length, name).toBeGreaterThan(0);
      for (const network of service.networks) expect(networks).toHaveProperty(network);
    }
  });
});

describe('the variables of docker-compose.yml', () => {
  test('are those of deploy/example.env, the required ones to be filled in and the others with their defaults', async () => {
    const { required, optional } = await exampleVariables();
    const mentioned = variablesOf(composeText);
    const needed = mentioned.filter(({ mark }) => mark === ':?').map(({ name }) => name);
    expect(new Set(required.keys())).toEqual(new Set(needed));
    for (const value of required.values()) expect(value).toBe('');
    const defaults = mentioned.filter(({ mark }) => mark !== ':?').map(({ name, word }) => [name, word]);
    expect(Object.fromEntries(optional)).toEqual(Object.fromEntries(defaults));
  });

  test('have no default for a secret, and no secret stands in the file', () => {
    for (const [service, { environment }] of all) {
      const secrets = Object.entries(environment).filter(([name]) => /PASSWORD|_PWD|_KEYS?$|TOKEN|SECRET/.test(name));
      for (const [name, value] of secrets) expect(value, `${service} ${name}`).toMatch(/^\$\{\w+(:\?[^}]+|:-)\}$/);
    }
    for (const name of ['POSTGRES_PASSWORD', 'DELTALOOP_VISION_KEY']) expect(REQUIRED).toHaveProperty(name);
  });

  test('are refused with the name of the one that is missing', () => {
    for (const name of Object.keys(REQUIRED)) {
      expect(() => composeFile({ ...REQUIRED, [name]: '' })).toThrow(`${name} set it in .env`);
    }
  });

  test('give worker and vision service settings that they understand, and the same folder and key', () => {
    const filled = composeFile(REQUIRED).services;
    const worker = workerSettings(filled['worker']?.environment);
    const service = settingsFromEnvironment(filled['vision-service']?.environment ?? {});
    const { port, key } = service;
    expect(worker.services.get('default')).toEqual({ url: `http://vision-service:${port}`, key, kind: 'embedded' });
    expect(worker.home).toBe(service.home);
    expect(worker.healthPort).toBe(8481);
    expect(worker).toMatchObject({ webhook: null, deployment: null });
  });

  test('reach the worker where they are set: notices, versions, encryption, traces, and metrics on the published port', () => {
    const set = {
      DELTALOOP_WEBHOOK_URL: 'https://hooks.test/deltaloop',
      DELTALOOP_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
      DELTALOOP_DEPLOYMENT_NAME: 'deltaloop',
      DELTALOOP_BUILD_ID: 'b1',
      DELTALOOP_ENCRYPTION_KEYS: `old:${Buffer.alloc(32, 2).toString('base64')}`,
      DELTALOOP_ENCRYPTION_KEY_ID: 'old',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.test:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=none',
      DELTALOOP_METRICS_PORT: '9999',
    };
    const filled = composeFile({ ...REQUIRED, ...set }).services['worker'];
    const settings = workerSettings(filled?.environment);
    expect(settings.webhook?.url).toBe(set.DELTALOOP_WEBHOOK_URL);
    expect(settings.deployment).toEqual({ deploymentName: 'deltaloop', buildId: 'b1' });
    expect(settings.dataConverter.failureConverterPath).toBeDefined();
    const { DELTALOOP_METRICS_PORT: published, ...passed } = set;
    expect(filled?.environment).toMatchObject(passed);
    expect(filled?.ports).toEqual([`127.0.0.1:${published}:${settings.metrics?.port}`]);
    expect(settings.metrics?.host).toBe('0.0.0.0');
  });
});

test('the set-up script registers exactly the search attributes that a loop uses', async () => {
  const script = await readFile(join(ROOT, 'deploy/setup-namespace.sh'), 'utf8');
  const registered = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [name, type]);
  expect(Object.fromEntries(registered)).toEqual(SEARCH_ATTRIBUTES);
});
