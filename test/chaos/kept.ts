import { killGroup } from '../../dev/run-command.ts';

/** A process as our starters give it. */
interface Running {
  pid?: number | undefined;
  ended: Promise<string>;
  stop(): Promise<void>;
}

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

  /** Starts it unless it runs. @throws what its start throws. */
  up(): Promise<void> {
    return this.#next(async () => {
      this.#wanted = true;
      if (this.#running) return;
      const running = await this.#start();
      this.#running = running;
      void running.ended.then((ending) => this.#ended(running, ending));
    });
  }

  /** Kills it with SIGKILL and waits until it is gone; it stays away until `up`. */
  kill(): Promise<void> {
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
