import { type NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/** Loops that have not ended, by what they wait for; search attributes are what Temporal itself keeps of them. */
const STATES = {
  people: "LoopPhase = 'collecting' AND LoopNeedsHuman = true",
  attention: "LoopPhase = 'needs-attention'",
  training: "LoopPhase = 'training'",
  resume: "LoopPhase = 'paused'",
} as const;

const EVERY_MS = 30_000;
const ANSWER_MS = 10_000;

interface Counting {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  log: Logger;
}

/**
 * Keeps the gauges of open and waiting loops right by asking the server, which knows about every loop whichever worker
 * runs it and however often workers restart; counting up and down here would drift with each of both.
 * Returns how to stop.
 */
export function countWaitingLoops(where: Counting): () => void {
  const meter = Runtime.instance().metricMeter;
  const loops = meter.createGauge('deltaloop_open_loops', 'int', '', 'Loops of this task queue that have not ended');
  const waiting = meter.createGauge('deltaloop_waiting_loops', 'int', '', 'Open loops by what they wait for');
  const counted = meter.createGauge(
    'deltaloop_counted_at_seconds',
    'int',
    '',
    'When the loops were last counted, Unix time',
  );
  const { namespace, taskQueue } = where;
  const tags = { namespace, taskQueue };
  const once = async () => {
    loops.set(await count(where, ''), tags);
    for (const [state, query] of Object.entries(STATES))
      waiting.set(await count(where, query), { ...tags, waits_for: state });
    counted.set(Math.floor(Date.now() / 1000), tags);
  };
  let failing = false;
  const look = () =>
    once().then(
      () => {
        failing = false;
      },
      (error: unknown) => {
        // Once for a whole outage: the metric itself tells how old the figures are.
        if (!failing) where.log.warn({ error }, 'the waiting loops cannot be counted');
        failing = true;
      },
    );
  void look();
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}

async function count({ connection, namespace, taskQueue }: Counting, state: string): Promise<number> {
  const open = `WorkflowType = 'loop' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue.replaceAll("'", '')}'`;
  const query = state === '' ? open : `${open} AND ${state}`;
  const answer = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
    connection.workflowService.countWorkflowExecutions({ namespace, query }),
  );
  return Number(answer.count);
}
