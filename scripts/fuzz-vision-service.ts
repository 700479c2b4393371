import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { type PythonPeers, usePythonPeers } from '../bench/python.ts';
import { runCommand } from '../dev/run-command.ts';
import { createVisionClient, type VisionClient } from '../vision/client.ts';
import { isTerminalModelStatus, KEY_HEADER, MOUNT_POINT } from '../vision/contract.ts';
import { createVisionService, type VisionService } from '../vision-service/server.ts';

const SCHEMATHESIS = 'schemathesis==4.32.5';
const MODEL = 'trained';
const CLASSES = ['red', 'green'];
const PER_CLASS = 4;
/** Schemathesis ends a little after its time. */
const GRACE_S = 60;

/** Left out, as its expectation is not this contract's: it wants every well-formed request accepted, though names must exist. */
const CHECKS_LEFT_OUT = 'positive_data_acceptance';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * `npm run fuzz -- [--minutes 2] [--seed N]`: starts a service in a folder of its own and lets Schemathesis (installed into a
 * throw-away Python environment) send it requests made from its OpenAPI document: half the time with any names, half with
 * a model that is trained. Ends with 1 when a check fails.
 */
async function main(): Promise<void> {
  await usePythonPeers({ say, packages: [SCHEMATHESIS] }, async (peers) => {
    const key = randomBytes(16).toString('hex');
    const home = join(peers.folder, 'home');
    await mkdir(home);
    const log = pino({ level: 'error' }, pino.destination(2));
    const service = await createVisionService({ home, key, backbone: 'classical', port: 0, log });
    try {
      await train(createVisionClient({ baseUrl: service.url, key }), home);
      const named = `[parameters]\n"path.model" = "${MODEL}"\n"query.model-name" = "${MODEL}"\n`;
      for (const config of ['', named]) {
        if (!(await fuzz(service, { peers, key, config }))) process.exitCode = 1;
      }
      await requireAlive(service);
    } finally {
      await service.close();
    }
  });
}

interface FuzzOptions {
  peers: PythonPeers;
  key: string;
  /** Contents of `schemathesis.toml`. */
  config: string;
}

/** Whether half of the minutes passed without a failed check. */
async function fuzz(service: VisionService, { peers, key, config }: FuzzOptions): Promise<boolean> {
  await writeFile(join(peers.folder, 'schemathesis.toml'), config);
  const seconds = Math.round((Number(values.minutes) * 60) / 2);
  const args = [
    'run',
    `${service.url}${MOUNT_POINT}/openapi.json`,
    `--header=${KEY_HEADER}: ${key}`,
    `--max-time=${seconds}`,
    '--request-timeout=20',
    '--max-examples=10000',
    '--checks=all',
    `--exclude-checks=${CHECKS_LEFT_OUT}`,
    '--continue-on-failure',
    '--warnings=off',
    ...(values.seed === undefined ? [] : ['--seed', values.seed]),
  ];
  const timeoutMs = (seconds + GRACE_S) * 1000;
  const { ok } = await runCommand(peers.program('st'), args, { cwd: peers.folder, timeoutMs, onLine: say });
  return ok;
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
  say(`Still answering: ${await answer.text()}`);
}

// Children are ended with this process.
process.once('SIGINT', () => process.exit(130));
await main();
