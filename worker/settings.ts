import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import { z } from 'zod';
import { dataConverter } from '../codec/data-converter.ts';
import { type WebhookSettings, webhookSettings } from './webhook-settings.ts';

/** Settings of a worker, all from the environment. Connection settings are Temporal's own (`TEMPORAL_*`). */
export interface WorkerSettings {
  home: string;
  taskQueue: string;
  /** Vision services by profile name. */
  services: Map<string, { url: string; key: string; kind: 'embedded' | 'hosted' }>;
  /** Predictions under way at once. */
  predictConcurrency: number;
  logLevel: string;
  /** Loopback port of `/health` and `/ready`; null means none. */
  healthPort: number | null;
  /** A workflow bundle built before; null means it is bundled at start. */
  workflowBundle: string | null;
  /** Where `/metrics` is served; null means nowhere. */
  metrics: { host: string; port: number } | null;
  /** Worker Deployment and build of this code; null means workers without versions. */
  deployment: WorkerDeploymentVersion | null;
  /** Encrypts what Temporal stores when there are keys (`DELTALOOP_ENCRYPTION_KEYS`). */
  dataConverter: DataConverter;
  /** Where notices go; null means nowhere but the log and Temporal. */
  webhook: WebhookSettings | null;
}

const PROFILE = /^DELTALOOP_VISION(?:_([A-Z0-9_]+))?_URL$/;
const Count = z.coerce.number().int().min(1).max(64);
const LogLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);
const Port = z.coerce.number().int().min(0).max(65_535);

/**
 * Reads the worker's settings; an empty variable counts as one that is not set.
 * @throws Error naming every variable that is missing or makes no sense.
 */
export function workerSettings(environment: NodeJS.ProcessEnv = process.env): WorkerSettings {
  const problems: string[] = [];
  // Compose passes on a variable that nobody set as an empty one.
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const services = readProfiles(env, problems);
  const webhook = webhookSettings(env, problems);
  const predictConcurrency = Count.safeParse(env['DELTALOOP_PREDICT_CONCURRENCY'] ?? 8);
  const healthPort = Port.nullable().safeParse(env['DELTALOOP_HEALTH_PORT'] ?? null);
  if (!predictConcurrency.success) problems.push('DELTALOOP_PREDICT_CONCURRENCY must be a whole number from 1 to 64');
  if (!healthPort.success) problems.push('DELTALOOP_HEALTH_PORT must be a port number');
  const metrics = readMetrics(env, problems);
  const deployment = readDeployment(env, problems);
  const logLevel = LogLevel.safeParse(env['DELTALOOP_LOG_LEVEL'] ?? 'info');
  if (!logLevel.success) problems.push(`DELTALOOP_LOG_LEVEL must be one of ${LogLevel.options.join(', ')}`);
  const converter = readConverter(env, problems);
  if (problems.length > 0) throw new Error(`The worker's settings make no sense:\n- ${problems.join('\n- ')}`);
  return {
    home: resolve(env['DELTALOOP_HOME'] || join(homedir(), '.local', 'share', 'deltaloop')),
    taskQueue: env['DELTALOOP_TASK_QUEUE'] || 'deltaloop',
    services,
    predictConcurrency: predictConcurrency.data ?? 8,
    logLevel: logLevel.data ?? 'info',
    healthPort: healthPort.data ?? null,
    workflowBundle: env['DELTALOOP_WORKFLOW_BUNDLE'] || null,
    metrics,
    deployment,
    dataConverter: converter,
    webhook,
  };
}

function readMetrics(env: NodeJS.ProcessEnv, problems: string[]): WorkerSettings['metrics'] {
  const { DELTALOOP_METRICS_PORT: wanted, DELTALOOP_METRICS_HOST: given } = env;
  if (given && !wanted) problems.push('DELTALOOP_METRICS_PORT is missing, the port of DELTALOOP_METRICS_HOST');
  if (!wanted) return null;
  const port = Port.min(1).safeParse(wanted);
  const host = given || '127.0.0.1';
  if (!port.success) problems.push('DELTALOOP_METRICS_PORT must be a port number from 1 to 65535');
  if (isIP(host) === 0) problems.push('DELTALOOP_METRICS_HOST must be an IP address of this machine, such as 0.0.0.0');
  return { host, port: port.data ?? 0 };
}

/** Both or neither: half a version would leave the worker without work, or running loops of another version. */
function readDeployment(env: NodeJS.ProcessEnv, problems: string[]): WorkerSettings['deployment'] {
  const { DELTALOOP_DEPLOYMENT_NAME: deploymentName, DELTALOOP_BUILD_ID: buildId } = env;
  if (deploymentName && !buildId)
    problems.push('DELTALOOP_BUILD_ID is missing, the version of DELTALOOP_DEPLOYMENT_NAME');
  if (buildId && !deploymentName)
    problems.push('DELTALOOP_DEPLOYMENT_NAME is missing, the deployment of DELTALOOP_BUILD_ID');
  // Temporal writes a version as `name.build`.
  if (deploymentName?.includes('.')) problems.push('DELTALOOP_DEPLOYMENT_NAME must not contain a full stop');
  return deploymentName && buildId ? { deploymentName, buildId } : null;
}

function readConverter(env: NodeJS.ProcessEnv, problems: string[]): DataConverter {
  try {
    return dataConverter(env);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return {};
  }
}

function readProfiles(env: NodeJS.ProcessEnv, problems: string[]): WorkerSettings['services'] {
  const services: WorkerSettings['services'] = new Map();
  for (const [variable, url] of Object.entries(env)) {
    const match = PROFILE.exec(variable);
    if (!match || !url) continue;
    const prefix = variable.slice(0, -'_URL'.length);
    const key = env[`${prefix}_KEY`];
    const kind = env[`${prefix}_KIND`] ?? 'embedded';
    if (!URL.canParse(url) || !/^https?:/.test(url)) problems.push(`${variable} is no http(s) address`);
    if (!key) problems.push(`${prefix}_KEY is missing, the key of ${variable}`);
    if (kind !== 'embedded' && kind !== 'hosted') problems.push(`${prefix}_KIND must be embedded or hosted`);
    else if (key) services.set(match[1]?.toLowerCase().replaceAll('_', '-') ?? 'default', { url, key, kind });
  }
  if (services.size === 0 && problems.length === 0) {
    problems.push(
      'DELTALOOP_VISION_URL and DELTALOOP_VISION_KEY are missing; `deltaloop dev` sets them for its own service',
    );
  }
  return services;
}
