import { setTimeout as delay } from 'node:timers/promises';
import { killGroup } from '../../dev/run-command.ts';

/** A process as our starters give it. */
interface Running {
  pid?: number | undefined;
  ended: Promise<string>;
  stop(): Promise<void>;
}

/** A supervisor tries again: a worker, say, does not come up while the Temporal server is away. */
const TRIES = 40;
const BETWEEN_MS = 500;

/** One process that the harness kills and starts again; it is also started again when it ends by itself, as a supervisor would. */
export class Kept {
  readonly #start: () => Promise<Running>;
  #running: Running | null = null;
  /** Whether it is to run; an end while it is not is no crash. */
  #wanted = false;
  /** Changes follow each other: two starts at once would fight for a port. */
  #turn: Promise<void> = Promise.resolve();
  /** How often it ended by itself, and how. */
  readonly crashes: string[] = [];

  constructor(start: () => Promise<Running>) {
    this.#start = start;
  }

  /** Starts it unless it runs, trying again for a while. @throws what its last start throws. */
  up(): Promise<void> {
    return this.#next(async () => {
      this.#wanted = true;
      if (this.#running) return;
      const running = await this.#tryStart();
      this.#running = running;
      void running.ended.then((ending) => this.#ended(running, ending));
    });
  }

  /** Kills it with SIGKILL and waits until it is gone; it stays away until `up`. */
  kill(): Promise<void> {
    // At once, so that a start under way is not tried again; and when its turn has come, whatever was asked for in between.
    this.#wanted = false;
    return this.#next(async () => {
      this.#wanted = false;
      const running = this.#running;
      if (!running) return;
      killGroup(running.pid, 'SIGKILL');
      await running.ended;
      this.#running = null;
    });
  }

  /** Ends it in order. */
  stop(): Promise<void> {
    // At once, so that a start under way is not tried again; and when its turn has come, whatever was asked for in between.
    this.#wanted = false;
    return this.#next(async () => {
      this.#wanted = false;
      await this.#running?.stop();
      this.#running = null;
    });
  }

  /** Sends it a signal if it runs. */
  signal(signal: NodeJS.Signals): void {
    if (this.#running) killGroup(this.#running.pid, signal);
  }

  async #tryStart(): Promise<Running> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#start();
      } catch (error) {
        if (tries === TRIES || !this.#wanted) throw error;
        await delay(BETWEEN_MS);
      }
    }
  }

  #next(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #ended(running: Running, ending: string): void {
    if (this.#running !== running || !this.#wanted) return;
    this.#running = null;
    this.crashes.push(ending);
    this.up().catch((error: unknown) => this.crashes.push(String(error)));
  }
}
