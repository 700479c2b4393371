import { ApiError } from './errors.ts';

/** Bounds the bytes of images that are in memory at once, whatever the number of connections. */
export class InFlightBytes {
  readonly #max: number;
  #used = 0;

  /** @param max bytes; a single image larger than that is taken when it is alone */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Takes room for so many bytes.
   *
   * @returns a function that gives the room back; calling it again changes nothing
   * @throws {ApiError} 429 when there is no room now
   */
  claim(bytes: number): () => void {
    if (this.#used > 0 && this.#used + bytes > this.#max) {
      const message = 'Too many images wait for their predictions; send this one again in a second.';
      throw new ApiError(429, { code: 'TooManyRequests', message }, { 'retry-after': '1' });
    }
    this.#used += bytes;
    let held = bytes;
    return () => {
      this.#used -= held;
      held = 0;
    };
  }
}
