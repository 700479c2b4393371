import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { workerSettings } from '../../worker/settings.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const BASE = {
  DELTALOOP_VISION_URL: 'http://127.0.0.1:1',
  DELTALOOP_VISION_KEY: 'a-long-key',
  DELTALOOP_HOME: '/tmp/x',
};

const settings = (more: Record<string, string>) => workerSettings({ ...BASE, ...more });

describe('the webhook of a worker', () => {
  it('is none by default, and takes an https address with a secret, also a private one', () => {
    expect(settings({}).webhook).toBeNull();
    const found = settings({
      DELTALOOP_WEBHOOK_URL: 'https://10.0.0.7/hook',
      DELTALOOP_WEBHOOK_SECRET: SECRET,
    }).webhook;
    expect(found).toMatchObject({ url: 'https://10.0.0.7/hook', ui: null });
    expect(found?.secret).toHaveLength(32);
  });

  it.each([
    ['http://hooks.test/', '1'],
    ['http://127.0.0.1:9/', '0'],
    ['http://127.0.0.1.evil.test/', '1'],
    ['ftp://hooks.test/', '1'],
    ['hooks', '1'],
    ['https://me:pass@hooks.test/', '1'],
  ])('refuses %s (http to loopback allowed: %s) without repeating it', (url, allow) => {
    const env = {
      DELTALOOP_WEBHOOK_URL: url,
      DELTALOOP_WEBHOOK_SECRET: SECRET,
      DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK: allow,
    };
    expect(() => settings(env)).toThrow(/DELTALOOP_WEBHOOK_URL/);
    expect(() => settings(env)).not.toThrow(url);
  });

  it('takes http to this machine itself where that is allowed', () => {
    const env = { DELTALOOP_WEBHOOK_SECRET: SECRET, DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK: '1' };
    for (const url of ['http://localhost:9/', 'http://127.0.0.1:9/', 'http://[::1]:9/'])
      expect(settings({ ...env, DELTALOOP_WEBHOOK_URL: url }).webhook?.url).toBe(url);
  });

  it('tells all that is wrong in one pass with the other settings, never what a secret is', () => {
    const wrong = () => settings({ DELTALOOP_WEBHOOK_SECRET: 'hush-hush', DELTALOOP_HEALTH_PORT: 'x' });
    expect(wrong).toThrow(
      /DELTALOOP_WEBHOOK_URL is missing[\s\S]*DELTALOOP_WEBHOOK_SECRET must be whsec_[\s\S]*DELTALOOP_HEALTH_PORT/,
    );
    expect(wrong).not.toThrow('hush');
  });
});
