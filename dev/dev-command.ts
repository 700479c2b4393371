import { join, resolve } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { EXIT } from '../client/exit-codes.ts';
import { type Output, processOutput } from '../client/output.ts';
import { clientSettings } from '../client/settings.ts';
import { told } from './command-error.ts';
import { interruptible } from './interrupt.ts';
import type { Services } from './services.ts';

interface DevOptions {
  home: string;
  backbone?: string | undefined;
  port: number;
  uiPort: number;
}

/** Adds `deltaloop dev`: the Temporal server, vision service and worker of a home, staying up until Ctrl-C. */
export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run a local Temporal server, the vision service and a worker, until Ctrl-C')
    .option('--home <folder>', 'folder of everything that is kept', clientSettings().home)
    .option('--backbone <name>', 'backbone of the vision service: efficientnet-lite0, classical or onnx:FILE')
    .option('--port <port>', 'port of the Temporal server; another one when it is taken', parsePort, 7233)
    .option('--ui-port <port>', 'port of the Temporal UI; another one when it is taken', parsePort, 8233)
    .action(async (options) => {
      process.exitCode = await interruptible((signal) => told(() => runDev(options, processOutput(), signal)));
    });
}

/** Parses a TCP port, 0 meaning any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It is no port (0–65535).');
}

async function runDev(options: DevOptions, output: Output, signal: AbortSignal): Promise<number> {
  const { startServices } = await import('./services.ts');
  const home = resolve(options.home);
  const ports = { grpc: options.port, ui: options.uiPort };
  const services = await startServices({
    home,
    ports,
    signal,
    backbone: options.backbone,
    env: process.env,
    say: (line) => output.say(line),
  });
  output.say(whatRunsWhere(home, services));
  if (!services.started) return EXIT.ok;
  await aborted(signal);
  output.say('Stopping the worker, the vision service and the Temporal server …');
  await services.stop();
  output.say('Stopped. Loops go on where they were at the next `deltaloop dev`.');
  return EXIT.ok;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What runs where, and what to type next. */
export function whatRunsWhere(home: string, services: Omit<Services, 'stop'>): string {
  const elsewhere = home === clientSettings().home ? [] : [`  export DELTALOOP_HOME=${home}`];
  return [
    '',
    services.started
      ? 'Everything is up:'
      : `Everything is up already, kept by process ${services.pid}, with the settings it was started with:`,
    ...(services.uiUrl ? [`  Temporal UI      ${services.uiUrl}`] : []),
    `  Temporal server  ${services.temporalAddress}, namespace ${services.namespace}`,
    `  Vision service   ${services.serviceUrl}`,
    `  Home             ${home}`,
    `  Logs             ${join(home, 'logs')}`,
    '',
    services.started ? 'Next, in another terminal:' : 'Next:',
    ...elsewhere,
    '  npx deltaloop start SPEC.yaml --watch   start a loop and watch it',
    '  npx deltaloop list                      all loops',
    ...(services.started
      ? ['', 'Ctrl-C stops everything here; running loops wait and go on at the next `deltaloop dev`.']
      : []),
  ].join('\n');
}
