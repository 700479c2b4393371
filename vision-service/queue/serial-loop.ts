/** After an error outside the work itself (e.g. a full disk) the loop tries again so much later. */
const RETRY_MS = 5_000;

/** Runs one step after another while there is work, and sleeps until it is woken. */
export class SerialLoop {
  /** Does one piece of work; false when there is none. */
  readonly #step: () => Promise<boolean>;
  readonly #onError: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #wokenAgain = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(step: () => Promise<boolean>, onError: (error: unknown) => void) {
    this.#step = step;
    this.#onError = onError;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Looks for work now, or once more after the running step. */
  wake(): void {
    this.#wokenAgain = true;
    if (this.#closed) return;
    this.#running ??= this.#run();
  }

  /** Starts no further step and waits for the running one. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wokenAgain && !this.#closed) {
        this.#wokenAgain = false;
        if (await this.#step()) this.#wokenAgain = true;
      }
    } catch (error) {
      this.#onError(error);
      this.#retry = setTimeout(() => this.wake(), RETRY_MS);
      this.#retry.unref();
    } finally {
      this.#running = undefined;
    }
  }
}
