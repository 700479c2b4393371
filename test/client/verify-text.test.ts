import { describe, expect, it } from 'vitest';
import { sayProgress, sizeText } from '../../client/verify-text.ts';

describe('the progress of a long count', () => {
  it('is told at most every two seconds, and never for what is over by then', () => {
    let now = 0;
    const said: string[] = [];
    const progress = sayProgress(
      (text) => said.push(text),
      'Hashed',
      () => now,
    );
    for (let done = 1; done <= 10_000; done += 1) {
      now += 0.5;
      progress(done, 10_000);
    }
    expect(said).toEqual(['Hashed 4,000 of 10,000 files', 'Hashed 8,000 of 10,000 files']);
    const quick: string[] = [];
    const short = sayProgress(
      (text) => quick.push(text),
      'Hashed',
      () => 1999,
    );
    for (let done = 1; done <= 50; done += 1) short(done, 50);
    expect(quick).toEqual([]);
  });
});

describe('a size for people', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [24_600_000, '24.6 MB'],
    [5.2e9, '5.2 GB'],
    [3e15, '3000.0 TB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
