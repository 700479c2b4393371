import { describe, expect, it } from 'vitest';
import { ServiceStartError } from '../../vision-service/errors.ts';
import { binomialTail, hasDiverged } from '../../vision-service/queue/divergence.ts';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';

describe('divergence', () => {
  const oneHot = (index: number) => Float32Array.from([0, 1], (_, i) => (i === index ? 1 : 0));
  const labels = Array.from({ length: 30 }, (_, i) => i % 2);

  it('is what guessing is from 30 predictions on, and never with fewer', () => {
    const guesses = labels.map((_, i) => oneHot(Math.floor(i / 2) % 2));
    expect(hasDiverged(guesses, labels)).toBe(true);
    expect(hasDiverged(guesses.slice(1), labels.slice(1))).toBe(false);
  });

  it('is not what clearly beats the most frequent class', () => {
    expect(hasDiverged(labels.map(oneHot), labels)).toBe(false);
  });

  it('rests on the exact binomial tail', () => {
    expect(binomialTail(20, 30, 0.5)).toBeCloseTo(0.049368573, 8);
    expect(binomialTail(19, 30, 0.5)).toBeCloseTo(0.100244211, 8);
    expect(binomialTail(0, 30, 0.5)).toBe(1);
    expect(binomialTail(1, 1, 0.3)).toBeCloseTo(0.3, 12);
  });
});

describe('settings', () => {
  const key = { DELTALOOP_VISION_KEY: 'long-enough' };

  it('listen on loopback and read only the home by default', () => {
    expect(settingsFromEnvironment({ ...key, DELTALOOP_HOME: '/h', DELTALOOP_VISION_PORT: '' })).toMatchObject({
      host: '127.0.0.1',
      port: 0,
      backbone: 'efficientnet-lite0',
      allowedRoots: ['/h'],
      allowPrivate: false,
    });
  });

  it('that make no sense are all named at once, without their values', () => {
    const env = {
      DELTALOOP_VISION_KEY: 'secret',
      DELTALOOP_VISION_PORT: '99999',
      DELTALOOP_VISION_ALLOW_PRIVATE: 'yes',
    };
    const failure = (() => {
      try {
        return settingsFromEnvironment(env);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ServiceStartError);
    expect(String(failure)).toMatch(/VISION_KEY.*VISION_PORT.*ALLOW_PRIVATE/);
    expect(String(failure)).not.toContain('secret');
    expect(() => settingsFromEnvironment({})).toThrow('DELTALOOP_VISION_KEY is missing');
  });
});
