import type { Writable } from 'node:stream';
import type { Logger as TemporalLogger } from '@temporalio/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { loopFields, Rounds } from './loop-fields.ts';

interface LogOptions {
  /** Values that no line may hold: keys of services and of Temporal. */
  secrets?: readonly string[];
  /** Where the lines go; standard error by default. */
  to?: DestinationStream | Writable;
}

/** A process's own log: JSON lines on stderr, so that stdout stays for data. */
export function createLog(name: string, level: string, { secrets = [], to }: LogOptions = {}): Logger {
  const redact = { paths: ['key', '*.key', 'headers', 'password', '*.password'], censor: '[removed]' };
  const destination = to ?? pino.destination({ dest: 2, sync: false });
  const serializers = { error: pino.stdSerializers.err };
  return pino({ name, level, redact, serializers }, withoutSecrets(destination, secrets));
}

/** Names and paths cannot be listed for every error that a library may throw; the values can. */
function withoutSecrets(to: DestinationStream, secrets: readonly string[]): DestinationStream {
  // As they stand in a line of JSON.
  const hidden = secrets.filter((secret) => secret.length > 0).map((secret) => JSON.stringify(secret).slice(1, -1));
  if (hidden.length === 0) return to;
  return { write: (line) => to.write(hidden.reduce((text, secret) => text.replaceAll(secret, '[removed]'), line)) };
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Temporal tells of every step's start and end too, in less detail than `watchSteps`. */
const TOLD_BY_STEPS = /^Activity (started|completed|failed|reset|paused)/;

/** Temporal's lines, and what workflows and activities log, through pino: the one place that adds the loop's fields. */
export function temporalLogger(log: Logger, rounds: Rounds = new Rounds()): TemporalLogger {
  const write = (level: keyof typeof LEVELS, message: string, meta: Record<string | symbol, unknown> = {}) => {
    if (meta['sdkComponent'] === 'worker' && TOLD_BY_STEPS.test(message)) return;
    log[LEVELS[level]]({ ...clean(meta), ...loopFields(meta, rounds) }, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

/** Symbols and big integers are no JSON, and with a step's token anybody could end it. */
function clean({ taskToken: _token, ...meta }: Record<string | symbol, unknown>): object {
  return Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]),
  );
}
