/** A bounded amount of something, such as memory, that work takes a part of while it runs; first come, first served. */
export class Room {
  readonly #waiting: { amount: number; enter: () => void }[] = [];
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  /** Runs the work once that amount is free. Nothing waits for nothing; what is larger than the room never gets in. */
  async with<T>(amount: number, work: () => Promise<T>): Promise<T> {
    if (amount > 0) await this.#enter(amount);
    try {
      return await work();
    } finally {
      this.#free += amount;
      this.#admit();
    }
  }

  #enter(amount: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ amount, enter: resolve });
    this.#admit();
    return promise;
  }

  /** In order, so that a large piece is not overtaken for ever. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.amount <= this.#free; next = this.#waiting[0]) {
      this.#free -= next.amount;
      this.#waiting.shift();
      next.enter();
    }
  }
}
