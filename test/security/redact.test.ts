import { describe, expect, it } from 'vitest';
import { redactor } from '../../loop/redact.ts';

const redact = redactor({
  DELTALOOP_VISION_KEY: 'vision+key/1234=',
  DELTALOOP_VISION_EU_KEY: 'another-key-5678',
  DELTALOOP_ENCRYPTION_KEYS: 'spring:c3ByaW5nLWtleQ==,summer:c3VtbWVyLWtleQ==',
  DELTALOOP_WEBHOOK_SECRET: 'say "please"',
  TEMPORAL_API_KEY: 'temporal-api-key',
  AZURE_CLIENT_SECRET: 'azure-secret',
  DELTALOOP_HOME: '/data/deltaloop',
  DELTALOOP_CODEC_TOKEN: 'short',
});

describe('a text that is redacted', () => {
  it.each([
    ['the key vision+key/1234= is wrong', 'the key … is wrong'],
    ['GET /x?key=vision%2Bkey%2F1234%3D', 'GET /x?key=…'],
    ['another-key-5678 and temporal-api-key', '… and …'],
    ['keys c3ByaW5nLWtleQ== c3VtbWVyLWtleQ==', 'keys … …'],
    ['{"a":"say \\"please\\""}', '{"a":"…"}'],
    ['azure-secret', '…'],
    [
      'https://a.blob.core.windows.net/c/x.png?sv=1&sig=abc is gone',
      'https://a.blob.core.windows.net/c/x.png?… is gone',
    ],
    ['"http://h/x?sig=abc"', '"http://h/x?…"'],
    ['token sv=1&sig=a%2Bb%3D&se=2', 'token sv=1&sig=…&se=2'],
    ['postgres://me:hunter2@db:5432/x', 'postgres://…@db:5432/x'],
    ['Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer …'],
    ['AccountName=a;AccountKey=Zm9v==;x', 'AccountName=a;AccountKey=…;x'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it.each([
    'The folder /data/deltaloop is missing',
    'Is this right? Answer yes',
    'short',
    'PUT /computervision/models/cats-r1 answered 404 NotFound: no such model',
    'see https://learn.microsoft.com/azure and mail me@example.com',
  ])('keeps %s', (text) => {
    expect(redact(text)).toBe(text);
  });
});
