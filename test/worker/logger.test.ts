import { describe, expect, it } from 'vitest';
import { createLog, temporalLogger } from '../../worker/logger.ts';
import { Rounds } from '../../worker/loop-fields.ts';

/** What a log wrote, line by line. */
function recorded(env: NodeJS.ProcessEnv = {}, rounds = new Rounds()) {
  const lines: string[] = [];
  const to = { write: (line: string) => void lines.push(line) };
  const log = createLog('a test', 'trace', { env, to });
  return { temporal: temporalLogger(log, rounds), lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe('the log of a worker', () => {
  it('hides a secret wherever it stands, also in an error’s stack and with characters that JSON escapes', () => {
    const secret = 'pass"word\\';
    const { temporal, lines } = recorded({ A_PASSWORD: secret });
    temporal.error(`it was ${secret}`, { error: new Error(`and ${secret}`), deep: { list: [secret] } });
    expect(lines.join('')).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(lines.join('').split('…').length).toBeGreaterThan(3);
  });

  it('gives lines about a loop its fields in either of Temporal’s spellings, and other lines none', () => {
    const rounds = new Rounds();
    rounds.tell('birds', 3);
    const { temporal, parsed } = recorded({}, rounds);
    temporal.warn('a', { workflowId: 'birds', activityType: 'decideRound', round: 2 });
    temporal.warn('b', { workflow_id: 'birds' });
    temporal.warn('c', { workflowId: 'fish' });
    temporal.warn('d', { taskQueue: 'q' });
    expect(parsed().map(({ loop, round, activity }) => ({ loop, round, activity }))).toEqual([
      { loop: 'birds', round: 2, activity: 'decideRound' },
      { loop: 'birds', round: 3, activity: null },
      { loop: 'fish', round: null, activity: null },
      {},
    ]);
  });

  it('keeps the token with which a step could be ended to itself, and errors whole', () => {
    const { temporal, parsed } = recorded();
    temporal.error('failed', { taskToken: 'a-token', at: 5n, error: new Error('why') });
    expect(parsed()).toMatchObject([{ at: '5', error: { message: 'why', stack: expect.stringContaining('why') } }]);
    expect(parsed()[0]).not.toHaveProperty('taskToken');
  });
});
