import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import { alive } from '../../activities/alive.ts';

it('a step goes on telling where it is when the clock of its machine is put back by minutes', async () => {
  const told: unknown[] = [];
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', (note: unknown) => told.push(note));
  let clock = 1_000_000;
  const step = alive(
    async (_input: { loop: string }, { beat }) => {
      beat('1 of 2');
      clock -= 300_000;
      beat('2 of 2');
    },
    () => clock,
  );
  await environment.run(step, { loop: 'a' });
  expect(told).toEqual(['1 of 2', '2 of 2']);
});
