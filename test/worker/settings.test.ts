import { describe, expect, it } from 'vitest';
import { secretsOf, workerSettings } from '../../worker/settings.ts';

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

  it('know which values must stand in no log', () => {
    const env = { ...VISION, TEMPORAL_API_KEY: 'one', DELTALOOP_WEBHOOK_SECRET: 'two', DELTALOOP_HOME: '/home' };
    expect(secretsOf(workerSettings(env), env).sort()).toEqual(['one', 'the key of vision', 'two']);
    const list = { ...VISION, DELTALOOP_ENCRYPTION_KEYS: 'new:c29tZSBzZWNyZXQga2V5,old:YW5vdGhlciBzZWNyZXQ=' };
    const pieces = secretsOf(workerSettings(list), list);
    expect(pieces).toEqual(expect.arrayContaining(['c29tZSBzZWNyZXQga2V5', 'YW5vdGhlciBzZWNyZXQ']));
    expect(pieces).not.toContain('old');
  });
});
