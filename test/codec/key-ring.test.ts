import { describe, expect, it } from 'vitest';
import { keyRing } from '../../codec/key-ring.ts';
import { workerSettings } from '../../worker/settings.ts';
import { keysOf, newKey } from './keys.ts';

const [a, b] = [newKey(), newKey()];

describe('encryption keys', () => {
  it('write with the first, or with the one that is named, and read with all', () => {
    const both = keysOf({ a, b });
    expect(keyRing(both).writing?.id).toBe('a');
    const named = keyRing({ ...both, DELTALOOP_ENCRYPTION_KEY_ID: 'b' });
    expect(named.writing).toEqual({ id: 'b', key: Buffer.from(b, 'base64') });
    expect([...named.reading.keys()]).toEqual(['a', 'b']);
    expect(keyRing({})).toEqual({ writing: null, reading: new Map() });
  });

  it.each([
    ['no-colon', 'entry 1 of DELTALOOP_ENCRYPTION_KEYS is not of the form id:base64key'],
    [`a:${a}:more`, 'is not of the form id:base64key'],
    [`a b:${a}`, 'has an id that is not 1 to 64 letters'],
    [`a:${a},a:${b}`, 'entry 2 of DELTALOOP_ENCRYPTION_KEYS has the id a, which another one has too'],
    [`a:${a.slice(0, 20)}`, '(a) is no base64 text of 32 bytes; `openssl rand -base64 32` makes one'],
    [`a:${a},`, 'entry 2 of DELTALOOP_ENCRYPTION_KEYS is not of the form'],
    [`${a}:a`, 'has an id that is not'],
  ])('that make no sense are refused without being shown: %#', (text, why) => {
    const read = () => keyRing({ DELTALOOP_ENCRYPTION_KEYS: text });
    expect(read).toThrow(why);
    expect(read).not.toThrow(a);
  });

  it('are all told wrong in one pass, and a named one that is not there', () => {
    const two = 'x:short,y:short';
    expect(() => keyRing({ DELTALOOP_ENCRYPTION_KEYS: two })).toThrow(/entry 1[\s\S]*entry 2/);
    expect(() => keyRing({ ...keysOf({ a }), DELTALOOP_ENCRYPTION_KEY_ID: 'z' })).toThrow('names the key "z", which');
    expect(() => keyRing({ DELTALOOP_ENCRYPTION_KEY_ID: 'z' })).toThrow('names the key "z", which');
  });

  it('are among the problems that keep a worker from starting', () => {
    const env = { DELTALOOP_ENCRYPTION_KEYS: 'x:short', DELTALOOP_PREDICT_CONCURRENCY: 'many' };
    expect(() => workerSettings(env)).toThrow(/whole number from 1 to 64[\s\S]*The encryption keys make no sense/);
  });
});
