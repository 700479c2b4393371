import type { NativeConnection, Worker } from '@temporalio/worker';

/** One task queue as its worker and the Temporal server see it. */
interface Polling {
  taskQueue: string;
  /** State of the worker: `RUNNING` once it polls. */
  state: string;
  /** When the server last heard this worker ask for steps, ISO-8601 UTC; null when it does not know it. */
  lastPoll: string | null;
  /** Steps under way here. */
  steps: number;
}

/** Whether this process takes on work, and why not. */
export interface Readiness {
  ready: boolean;
  /** Sentences; empty when ready. */
  reasons: string[];
  workers: Polling[];
}

/** A check of health waits for seconds at most. */
const ANSWER_MS = 2000;
/** The server's number for queues of activities. */
const ACTIVITIES = 2;

interface Asked {
  connection: NativeConnection;
  namespace: string;
  workers: readonly Worker[];
}

/**
 * Asks the workers whether they poll and the Temporal server whether it hears them. A worker whose server is away goes
 * on polling, and says so of itself; only the server's answer tells.
 */
export async function readiness({ connection, namespace, workers }: Asked): Promise<Readiness> {
  const reasons = workers.flatMap(whyNotPolling);
  const seen = await Promise.all(workers.map((worker) => lastPollOf({ connection, namespace, worker })));
  const away = seen.find((answer) => answer instanceof Error);
  if (away) reasons.push(`The Temporal server does not answer: ${away.message}.`);
  return {
    ready: reasons.length === 0,
    reasons,
    workers: workers.map((worker, index) => {
      const answer = seen[index];
      return {
        taskQueue: worker.options.taskQueue,
        state: worker.getState(),
        lastPoll: typeof answer === 'string' ? answer : null,
        steps: worker.getStatus().numInFlightActivities,
      };
    }),
  };
}

function whyNotPolling(worker: Worker): string[] {
  const { runState, activityPollerState, workflowPollerState } = worker.getStatus();
  const { taskQueue } = worker.options;
  if (runState !== 'RUNNING') return [`The worker of ${taskQueue} is ${runState.toLowerCase()}.`];
  const pollers = [activityPollerState, workflowPollerState];
  return pollers.includes('FAILED') ? [`The worker of ${taskQueue} does not poll any more.`] : [];
}

async function lastPollOf(asked: Omit<Asked, 'workers'> & { worker: Worker }): Promise<string | null | Error> {
  const { connection, namespace, worker } = asked;
  const { taskQueue: name, identity } = worker.options;
  try {
    const { pollers } = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
      connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: ACTIVITIES }),
    );
    const at = pollers.find((poller) => poller.identity === identity)?.lastAccessTime;
    return at ? new Date(Number(at.seconds ?? 0) * 1000).toISOString() : null;
  } catch (error) {
    return new Error(error instanceof Error ? firstLine(error.message) : String(error));
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
