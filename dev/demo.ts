import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connect } from '../client/connect.ts';
import type { ExitCode } from '../client/exit-codes.ts';
import { readFinished } from '../client/loop-view.ts';
import type { Output } from '../client/output.ts';
import { clientSettings } from '../client/settings.ts';
import { startLoop } from '../client/start-loop.ts';
import { wrapWords } from '../client/text-table.ts';
import { uiLink } from '../client/ui-link.ts';
import { watchLoop } from '../client/watch-loop.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import type { LoopSpecInput } from '../loop/spec.ts';
import { createVisionClient, type VisionClient } from '../vision/client.ts';
import type { DemoData, DemoSubject } from './demo-subject.ts';
import { elapsed } from './say.ts';
import { type Services, startServices } from './services.ts';
import { connectionEnvironment } from './temporal-types.ts';

const SEED = 1;

export interface DemoOptions {
  /** Folder of everything that the demo makes; it stays. */
  home: string;
  subject: DemoSubject;
  /** Value of the metric to reach, 0–1; the subject's own when left out. */
  target?: number | undefined;
  backbone?: string | undefined;
  /** Leave the services up at the end, until the signal comes. */
  keep: boolean;
  output: Output;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/**
 * Runs a whole loop on the subject's images with services of its own and shows what came out. All processes end with it, the
 * files stay.
 * @returns exit code of the loop's outcome
 */
export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const { home, output, signal, subject } = options;
  const { env, loop } = identity(options);
  const started = Date.now();
  output.say(`Everything of this demo is kept in ${home}`);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const say = (line: string): void => output.say(line);
  const data = await subject.prepare(home, { seed: SEED, say });
  const services = await startServices({
    home,
    env,
    signal,
    backbone: options.backbone,
    ports: { grpc: 0, ui: 0 },
    say,
  });
  try {
    const code = await runLoop({ ...options, env, loop }, services, data);
    if (signal.aborted) return code;
    output.say(`The demo took ${elapsed(Date.now() - started)}.`);
    if (options.keep) await stayUp({ ...options, loop });
    return code;
  } finally {
    if (signal.aborted) output.say('Stopping what the demo started …');
    await services.stop();
  }
}

interface NamedDemo extends DemoOptions {
  /** Name of the loop. */
  loop: string;
}

/** On a server that others use too, the demo's loop gets a name and a task queue of its own. */
function identity({ env, subject }: DemoOptions): { loop: string; env: NodeJS.ProcessEnv } {
  if (!env['TEMPORAL_ADDRESS']) return { loop: subject.loop, env };
  const loop = `${subject.loop}-${randomBytes(3).toString('hex')}`;
  return { loop, env: { ...env, DELTALOOP_TASK_QUEUE: `deltaloop-${loop}` } };
}

async function runLoop(options: NamedDemo, services: Services, data: DemoData): Promise<ExitCode> {
  const { home, output, env, loop, signal } = options;
  const specPath = await writeSpec(options, data);
  const address = { address: services.temporalAddress, namespace: services.namespace };
  const say = (line: string): void => output.say(wrapWords(line, output.width));
  const connected = await connect({ home, env: connectionEnvironment(env, address) });
  try {
    const { taskQueue } = clientSettings(env);
    const { client } = connected;
    await startLoop({ client, home, specPath, taskQueue, say });
    say('');
    const code = await watchLoop({ client, home, loop, output, signal, untilAttention: true });
    if (!signal.aborted) await showResults(options, services, data);
    return code;
  } finally {
    // An interrupted watch may leave a question under way, whose next try would fail on a closed connection.
    if (!signal.aborted) await connected.close();
  }
}

async function writeSpec({ home, subject, target, loop }: NamedDemo, data: DemoData): Promise<string> {
  const spec: LoopSpecInput = { name: loop, ...data.spec, target: target ?? subject.target, seed: SEED };
  const path = join(home, 'spec.yaml');
  await writeFile(path, stringify(spec));
  return path;
}

async function showResults({ home, output, keep, loop }: NamedDemo, services: Services, data: DemoData): Promise<void> {
  const finished = await readFinished(home, loop);
  const model = finished?.result.recommended?.model;
  if (model) output.data(['', ...(await data.tryOut(clientOf(services), model))].join('\n'));
  const folder = LoopFolder.at(home, loop);
  const link = await uiLink({ home, loop, namespace: services.namespace });
  output.data(
    [
      '',
      `Why:     DELTALOOP_HOME=${home} npx deltaloop explain ${loop} --all`,
      `Report:  ${folder.resolve('report.html')}`,
      `Files:   ${folder.path}`,
      `Spec:    ${join(home, 'spec.yaml')}`,
      ...(link ? [`UI:      ${link}${keep ? '' : ' (while the services run)'}`] : []),
      ...(keep
        ? []
        : [
            '',
            'The services stop now, the files stay. To bring the services up again and look around:',
            `  npx deltaloop dev --home ${home}`,
          ]),
    ].join('\n'),
  );
}

function clientOf({ serviceUrl, serviceKey }: Services): VisionClient {
  return createVisionClient({ baseUrl: serviceUrl, key: serviceKey });
}

async function stayUp({ home, output, loop, signal }: NamedDemo): Promise<void> {
  output.say(
    [
      '',
      'Everything stays up until Ctrl-C. In another terminal:',
      `  export DELTALOOP_HOME=${home}`,
      `  npx deltaloop status ${loop}`,
    ].join('\n'),
  );
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
