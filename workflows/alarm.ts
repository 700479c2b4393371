import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/**
 * The one timer of a run. Waits that follow each other share it, since starting and cancelling a timer costs an event
 * each: a pause in the middle of a long wait leaves it alone.
 */
export class Alarm {
  /** Epoch milliseconds; infinite while no timer runs. */
  #at = Number.POSITIVE_INFINITY;
  #scope = new CancellationScope();

  /** Whether no timer runs: it rang, was cancelled, or was never started. */
  get silent(): boolean {
    return this.#at === Number.POSITIVE_INFINITY;
  }

  /** Sees to it that a timer rings at an instant (epoch milliseconds) or before; one that does already is kept. */
  ringBy(instant: number, summary: string): void {
    if (this.#at <= instant) return;
    this.cancel();
    this.#at = instant;
    const scope = new CancellationScope();
    this.#scope = scope;
    scope
      .run(() => sleep(Math.max(1, instant - Date.now()), { summary }))
      .then(
        () => this.#rang(scope),
        (error: unknown) => {
          if (!isCancellation(error)) throw error;
        },
      );
  }

  /** Stops the timer if one runs. */
  cancel(): void {
    if (this.silent) return;
    this.#at = Number.POSITIVE_INFINITY;
    this.#scope.cancel();
  }

  #rang(scope: CancellationScope): void {
    if (this.#scope === scope) this.#at = Number.POSITIVE_INFINITY;
  }
}
