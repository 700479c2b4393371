import { describe, expect, it } from 'vitest';
import { CHANGES_HELP } from '../../client/set-option.ts';
import { CHANGE_KEYS } from '../../loop/changes.ts';

describe('the help of what can be changed', () => {
  it('names every key that a loop takes, and no other, inside 80 columns', () => {
    const named = [...CHANGES_HELP.matchAll(/^ {2}([\w.]+)=/gm)].map((match) => match[1]);
    expect(named).toEqual(CHANGE_KEYS);
    for (const line of CHANGES_HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
