import { pino } from 'pino';
import { ServiceStartError } from './errors.ts';
import { createVisionService, type VisionService } from './server.ts';
import { settingsFromEnvironment } from './settings.ts';

/** The service as a process: one ready line of JSON on stdout, logs on stderr, SIGTERM and SIGINT end it. */
async function main(): Promise<void> {
  const settings = settingsFromEnvironment(process.env);
  const log = pino({ level: settings.logLevel, name: 'vision-service' }, pino.destination({ fd: 2, sync: true }));
  const service = await createVisionService({ ...settings, log });
  const stop = stopOnce(service);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, url: service.url })}\n`);
}

function stopOnce(service: VisionService): () => void {
  let stopping = false;
  return () => {
    if (stopping) return;
    stopping = true;
    service.close().catch(fail);
  };
}

function fail(error: unknown): void {
  const words = error instanceof ServiceStartError ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${String(words)}\n`);
  process.exitCode = 1;
}

main().catch(fail);
