import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
import { createVisionClient } from '../vision/client.ts';
import { buildEmojiData, type EmojiData } from './emoji-data.ts';
import { elapsed } from './say.ts';
import { type Services, startServices } from './services.ts';
import { connectionEnvironment } from './temporal-types.ts';

const SEED = 1;

export interface DemoOptions {
  /** Folder of everything that the demo makes; it stays. */
  home: string;
  /** accuracyTop1 to reach, 0–1. */
  target: number;
  backbone?: string | undefined;
  /** Leave the services up at the end, until the signal comes. */
  keep: boolean;
  output: Output;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/**
 * Runs a whole loop on emoji drawings with services of its own and shows what came out. All processes end with it, the
 * files stay.
 * @returns exit code of the loop's outcome
 */
export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const { home, output, signal } = options;
  const { env, loop } = identity(options.env);
  const started = Date.now();
  output.say(`Everything of this demo is kept in ${home}`);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const data = await buildEmojiData(join(home, 'emoji'), { seed: SEED });
  output.say(`Emoji: ${data.poolImages} drawings to draw from, ${data.evaluationImages} for evaluation only`);
  const services = await startServices({
    home,
    env,
    signal,
    backbone: options.backbone,
    ports: { grpc: 0, ui: 0 },
    say: (line) => output.say(line),
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
function identity(env: NodeJS.ProcessEnv): { loop: string; env: NodeJS.ProcessEnv } {
  if (!env['TEMPORAL_ADDRESS']) return { loop: 'emoji', env };
  const loop = `emoji-${randomBytes(3).toString('hex')}`;
  return { loop, env: { ...env, DELTALOOP_TASK_QUEUE: `deltaloop-${loop}` } };
}

async function runLoop(options: NamedDemo, services: Services, data: EmojiData): Promise<ExitCode> {
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

async function writeSpec({ home, target, loop }: NamedDemo, data: EmojiData): Promise<string> {
  const spec: LoopSpecInput = {
    name: loop,
    title: 'Is a drawing an animal, a country flag, a face, food, a person or a symbol?',
    collector: { kind: 'pool', path: data.pool },
    evaluation: { path: data.evaluation },
    target,
    imagesPerClass: 3,
    delta: { kind: 'geometric', factor: 1.6 },
    caps: { rounds: 12 },
    seed: SEED,
  };
  const path = join(home, 'spec.yaml');
  await writeFile(path, stringify(spec));
  return path;
}

async function showResults(
  { home, output, keep, loop }: NamedDemo,
  services: Services,
  data: EmojiData,
): Promise<void> {
  const finished = await readFinished(home, loop);
  const model = finished?.result.recommended?.model;
  if (model) output.data(await predictUnseen(model, services, data));
  const folder = LoopFolder.at(home, loop);
  const link = await uiLink({ home, loop, namespace: services.namespace });
  output.data(
    [
      '',
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

/** What the model says about one drawing a class of which it saw neither the drawing nor a variant. */
async function predictUnseen(model: string, { serviceUrl, serviceKey }: Services, data: EmojiData): Promise<string> {
  const client = createVisionClient({ baseUrl: serviceUrl, key: serviceKey });
  const lines = ['', `What ${model} says about drawings of which it never saw any variant:`];
  for (const { className, path } of data.unseen) {
    const prediction = await client.predict(model, await readFile(path));
    const [best] = prediction.customModelResult.tagsResult?.values ?? [];
    const said = best ? `${best.name}, confidence ${best.confidence.toFixed(2)}` : 'nothing';
    lines.push(`  ${best?.name === className ? '✓' : '✗'} ${`${className}.png`.padEnd(18)} ${said}`);
  }
  return [...lines, `  (in ${dirname(data.unseen[0]?.path ?? '')})`].join('\n');
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
