import { Runtime } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { redactor } from '../loop/redact.ts';

/** A process's own log: JSON lines on stderr, so that stdout stays for data. */
export function createLog(name: string, level: string): Logger {
  const redact = { paths: ['key', '*.key', 'headers', 'password', '*.password'], censor: '[removed]' };
  const hooks = { streamWrite: redactor(process.env) };
  return pino({ name, level, redact, hooks }, pino.destination({ dest: 2, sync: false }));
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Sends Temporal's own lines through pino. Call once, before any connection. */
export function installTemporalLogging(log: Logger): void {
  const write = (level: keyof typeof LEVELS, message: string, meta: object = {}) =>
    log[LEVELS[level]](clean(meta), message);
  Runtime.install({
    logger: {
      log: (level, message, meta) => write(level, message, meta),
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: 'temporalio_sdk_core=WARN' } },
  });
}

/** Symbols and big integers of Temporal's metadata are no JSON. */
function clean(meta: object): object {
  return Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]),
  );
}
