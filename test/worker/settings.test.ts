import { describe, expect, it } from 'vitest';
import { workerSettings } from '../../worker/settings.ts';

const VISION = { DELTALOOP_VISION_URL: 'http://127.0.0.1:1', DELTALOOP_VISION_KEY: 'the key of vision' };

describe('the settings of a worker', () => {
  it('serve no metrics and name no version unless asked to', () => {
    expect(workerSettings(VISION)).toMatchObject({ metrics: null, deployment: null, healthPort: null });
  });

  it('serve metrics on loopback, or where they are told to', () => {
    const port = { DELTALOOP_METRICS_PORT: '9464' };
    expect(workerSettings({ ...VISION, ...port }).metrics).toEqual({ host: '127.0.0.1', port: 9464 });
    const host = { DELTALOOP_METRICS_HOST: '::1' };
    expect(workerSettings({ ...VISION, ...port, ...host }).metrics).toEqual({ host: '::1', port: 9464 });
  });

  it('name every variable that makes no sense, at once', () => {
    const wrong = {
      ...VISION,
      DELTALOOP_METRICS_PORT: '0',
      DELTALOOP_METRICS_HOST: 'everywhere',
      DELTALOOP_HEALTH_PORT: 'x',
      DELTALOOP_BUILD_ID: 'b1',
    };
    const read = () => workerSettings(wrong);
    for (const name of [/METRICS_PORT/, /METRICS_HOST/, /HEALTH_PORT/, /DEPLOYMENT_NAME is missing/]) {
      expect(read).toThrow(name);
    }
  });

  it('take a deployment and a build together or not at all', () => {
    const named = { ...VISION, DELTALOOP_DEPLOYMENT_NAME: 'deltaloop' };
    expect(() => workerSettings(named)).toThrow('DELTALOOP_BUILD_ID is missing');
    const whole = workerSettings({ ...named, DELTALOOP_BUILD_ID: '0.1.0' });
    expect(whole.deployment).toEqual({ deploymentName: 'deltaloop', buildId: '0.1.0' });
  });

  it('take an empty variable, as Compose passes it on, for one that is not set', () => {
    const names = [
      'DELTALOOP_HOME',
      'DELTALOOP_TASK_QUEUE',
      'DELTALOOP_PREDICT_CONCURRENCY',
      'DELTALOOP_LOG_LEVEL',
      'DELTALOOP_HEALTH_PORT',
      'DELTALOOP_WORKFLOW_BUNDLE',
      'DELTALOOP_METRICS_PORT',
      'DELTALOOP_METRICS_HOST',
      'DELTALOOP_DEPLOYMENT_NAME',
      'DELTALOOP_BUILD_ID',
      'DELTALOOP_ENCRYPTION_KEYS',
      'DELTALOOP_ENCRYPTION_KEY_ID',
      'DELTALOOP_WEBHOOK_URL',
      'DELTALOOP_WEBHOOK_SECRET',
      'DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK',
      'DELTALOOP_TEMPORAL_UI',
      'DELTALOOP_VISION_KIND',
      'DELTALOOP_VISION_SPARE_URL',
      'DELTALOOP_VISION_SPARE_KEY',
      'DELTALOOP_VISION_SPARE_KIND',
    ];
    const read = (more: Record<string, string>) => {
      // Two codecs are never equal; whether failures are encoded tells whether there are keys.
      const { dataConverter, ...rest } = workerSettings({ ...VISION, ...more });
      return { ...rest, encrypts: dataConverter.failureConverterPath !== undefined };
    };
    for (const empty of ['', ' ']) for (const name of names) expect(read({ [name]: empty }), name).toEqual(read({}));
    expect(read(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(read({}));
  });

  it('refuse a log level that there is none of', () => {
    expect(() => workerSettings({ ...VISION, DELTALOOP_LOG_LEVEL: 'loud' })).toThrow('DELTALOOP_LOG_LEVEL');
  });
});
