import { pino } from 'pino';
import { redactor } from '../loop/redact.ts';
import { KEY_HEADER, MOUNT_POINT } from '../vision/contract.ts';
import { createVisionService, type VisionService } from './server.ts';
import { type ServiceSettings, settingsFromEnvironment } from './settings.ts';

/**
 * Runs the service as a process until SIGTERM or SIGINT. Its stdout says that it is ready: in words on a terminal, else in
 * one line of JSON. Logs go to stderr; a terminal gets warnings only, unless a level is set.
 *
 * @throws {ServiceStartError} when it cannot start
 */
export async function runService(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const settings = settingsFromEnvironment(env);
  const live = process.stdout.isTTY === true;
  const level = settings.logLevel ?? (live ? 'warn' : 'info');
  const hooks = { streamWrite: redactor(env) };
  const log = pino({ level, name: 'vision-service', hooks }, pino.destination({ fd: 2, sync: true }));
  const service = await createVisionService({ ...settings, log });
  const stop = stopOnce(service);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(
    live ? readyWords(settings, service.url) : `${JSON.stringify({ ready: true, url: service.url })}\n`,
  );
}

/** Writes why a service did not start, or did not end well, and sets the exit code. */
export function fail(error: unknown): void {
  const words = error instanceof Error && error.name !== 'ServiceStartError' ? error.stack : error;
  process.stderr.write(`${String(words).replace(/^ServiceStartError: /, '')}\n`);
  process.exitCode = 1;
}

function stopOnce(service: VisionService): () => void {
  let stopping = false;
  return () => {
    if (stopping) return;
    stopping = true;
    service.close().catch(fail);
  };
}

/** What runs, and what to type next. The key itself is never shown. */
export function readyWords(settings: ServiceSettings, url: string): string {
  const api = url + MOUNT_POINT;
  return [
    '',
    'The vision service is up:',
    `  API         ${api}`,
    `  Read about  ${api}/docs`,
    `  Health      ${url}/health`,
    `  Metrics     ${url}/metrics`,
    `  Backbone    ${settings.backbone}`,
    `  Data        ${settings.home}`,
    `  May read    ${settings.allowedRoots.join(', ')}${settings.allowPrivate ? ', and private addresses' : ''}`,
    '',
    'Try it, in a terminal that has DELTALOOP_VISION_KEY too:',
    `  curl -H "${KEY_HEADER}: $DELTALOOP_VISION_KEY" \\`,
    `    '${api}/models?api-version=2023-04-01-preview'`,
    '',
    'Ctrl-C stops it; trainings under way go on at the next start.',
    '',
  ].join('\n');
}
