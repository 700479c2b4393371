import { type MetricsExporterConfig, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { temporalLogger } from './logger.ts';
import type { Rounds } from './loop-fields.ts';

interface RuntimeSettings {
  rounds?: Rounds;
  /** Where `/metrics` is served; null for none. */
  metrics?: { host: string; port: number } | null;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Waits last from seconds (a small training) to weeks (people); seconds. */
const WAITS = [1, 10, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY];

/**
 * Sends Temporal's lines through our log and serves its metrics with ours. Call once, before any connection.
 * @throws Error naming the setting when `/metrics` cannot be served there.
 */
export function installRuntime(log: Logger, { rounds, metrics = null }: RuntimeSettings = {}): void {
  try {
    Runtime.install({
      logger: temporalLogger(log, rounds),
      telemetryOptions: {
        logging: { forward: {}, filter: 'temporalio_sdk_core=WARN' },
        ...(metrics ? { metrics: exporter(metrics) } : {}),
      },
    });
  } catch (error) {
    if (!metrics || !String(error).includes('prometheus')) throw error;
    const why = `/metrics cannot be served at ${metrics.host}:${metrics.port}: ${String(error)}`;
    throw new Error(`${why}\nSet DELTALOOP_METRICS_PORT to a free port, or unset it.`, { cause: error });
  }
}

/** Names as Prometheus wants them: units and `_total` at their end, seconds. */
function exporter({ host, port }: { host: string; port: number }): MetricsExporterConfig {
  return {
    attachServiceName: false,
    prometheus: {
      bindAddress: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: { deltaloop_wait: WAITS },
    },
  };
}
