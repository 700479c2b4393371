import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { createVisionClient, type VisionClient } from '../vision/client.ts';
import { isTerminalModelStatus, KEY_HEADER, MOUNT_POINT } from '../vision/contract.ts';
import { createVisionService, type VisionService } from '../vision-service/server.ts';

const SCHEMATHESIS = 'schemathesis==4.32.5';
const MODEL = 'trained';
const CLASSES = ['red', 'green'];
const PER_CLASS = 4;

/** Left out, as its expectation is not this contract's: it wants every well-formed request accepted, though names must exist. */
const CHECKS_LEFT_OUT = 'positive_data_acceptance';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, venv: { type: 'string' }, seed: { type: 'string' } },
});

/**
 * `npm run fuzz -- [--minutes 2] [--venv FOLDER] [--seed N]`: starts a service in a folder of its own and lets Schemathesis (installed
 * into a throw-away Python environment) send it requests made from its OpenAPI document: half the time with any names, half
 * with a model that is trained. Ends with 1 when a check fails.
 */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaloop-fuzz-'));
  const venv = values.venv ?? join(folder, 'venv');
  const key = randomBytes(16).toString('hex');
  const home = join(folder, 'home');
  await mkdir(home);
  await run('python3', ['-m', 'venv', venv], folder);
  await run(join(venv, 'bin', 'pip'), ['install', '--quiet', SCHEMATHESIS], folder);
  const log = pino({ level: 'error' }, pino.destination(2));
  const service = await createVisionService({ home, key, backbone: 'classical', port: 0, log });
  try {
    await train(createVisionClient({ baseUrl: service.url, key }), home);
    const seconds = Math.round((Number(values.minutes) * 60) / 2);
    const options = { venv, key, seconds, folder };
    const any = await fuzz(service, { ...options, config: '' });
    const named = await fuzz(service, {
      ...options,
      config: `[parameters]\n"path.model" = "${MODEL}"\n"query.model-name" = "${MODEL}"\n`,
    });
    await requireAlive(service);
    process.exitCode = any + named > 0 ? 1 : 0;
  } finally {
    await service.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface FuzzOptions {
  venv: string;
  key: string;
  seconds: number;
  folder: string;
  /** Contents of `schemathesis.toml`. */
  config: string;
}

async function fuzz(service: VisionService, options: FuzzOptions): Promise<number> {
  await writeFile(join(options.folder, 'schemathesis.toml'), options.config);
  const seed = values.seed === undefined ? [] : ['--seed', values.seed];
  return run(
    join(options.venv, 'bin', 'st'),
    [
      'run',
      `${service.url}${MOUNT_POINT}/openapi.json`,
      ...['--header', `${KEY_HEADER}: ${options.key}`],
      ...['--max-time', String(options.seconds), '--request-timeout', '20', '--max-examples', '10000'],
      ...['--checks', 'all', '--exclude-checks', CHECKS_LEFT_OUT, '--continue-on-failure', '--warnings', 'off'],
      ...seed,
    ],
    options.folder,
    [0, 1],
  );
}

/** Trains a model of two classes, so that requests reach what lies behind one. */
async function train(client: VisionClient, home: string): Promise<void> {
  const files = CLASSES.flatMap((name) =>
    Array.from({ length: PER_CLASS }, (_, i) => ({ name, file: `${name}-${i}.png` })),
  );
  for (const [i, { name, file }] of files.entries()) {
    const create = { width: 64 + i, height: 64, channels: 3 as const, background: name };
    await sharp({ create }).png().toFile(join(home, file));
  }
  const coco = {
    images: files.map(({ file }, i) => ({
      id: i + 1,
      width: 64 + i,
      height: 64,
      file_name: file,
      coco_url: pathToFileURL(join(home, file)).href,
    })),
    annotations: files.map(({ name }, i) => ({ id: i + 1, image_id: i + 1, category_id: CLASSES.indexOf(name) + 1 })),
    categories: CLASSES.map((name, i) => ({ id: i + 1, name })),
  };
  const file = join(home, 'coco.json');
  await writeFile(file, JSON.stringify(coco));
  await client.registerDataset(MODEL, {
    annotationKind: 'imageClassification',
    annotationFileUris: [pathToFileURL(file).href],
  });
  await client.createModel(MODEL, { trainingParameters: { trainingDatasetName: MODEL, timeBudgetInHours: 1 } });
  for (let status = ''; status !== 'succeeded'; ) {
    ({ status } = await client.getModel(MODEL));
    if (isTerminalModelStatus(status) && status !== 'succeeded') throw new Error(`The training is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function requireAlive(service: VisionService): Promise<void> {
  const answer = await fetch(`${service.url}/health`);
  if (answer.status !== 200) throw new Error(`The service answers ${answer.status} after all of that`);
  process.stdout.write(`Still answering: ${await answer.text()}\n`);
}

/** Runs a program to its end and gives its exit code; throws when that is none of the expected ones. */
async function run(...[command, args, cwd, expected = [0]]: [string, string[], string, number[]?]): Promise<number> {
  const child = spawn(command, args, { cwd, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (typeof code === 'number' && expected.includes(code)) return code;
  throw new Error(`${command} ended with ${String(code)}`);
}

await main();
