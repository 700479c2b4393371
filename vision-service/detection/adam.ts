import { HEAD_PARTS } from './graphs.ts';
import { byPart, type HeadNumbers } from './place-head.ts';

const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const EPSILON = 1e-8;

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019), on the numbers of one head, in place. */
export class Adam {
  readonly #numbers: HeadNumbers;
  readonly #first: HeadNumbers;
  readonly #second: HeadNumbers;
  #steps = 0;

  constructor(numbers: HeadNumbers) {
    this.#numbers = numbers;
    this.#first = byPart((part) => new Float32Array(numbers[part].length));
    this.#second = byPart((part) => new Float32Array(numbers[part].length));
  }

  /** One step against the slopes; biases do not decay. */
  step(slopes: HeadNumbers, { rate, decay }: { rate: number; decay: number }): void {
    this.#steps += 1;
    const correction = Math.sqrt(1 - SECOND_DECAY ** this.#steps) / (1 - FIRST_DECAY ** this.#steps);
    for (const part of HEAD_PARTS) {
      const shrink = part.startsWith('b') ? 1 : 1 - rate * decay;
      const state = { numbers: this.#numbers[part], first: this.#first[part], second: this.#second[part] };
      update(state, slopes[part], { rate: rate * correction, shrink });
    }
  }
}

function update(
  { numbers, first, second }: { numbers: Float32Array; first: Float32Array; second: Float32Array },
  slopes: Float32Array,
  { rate, shrink }: { rate: number; shrink: number },
): void {
  for (let i = 0; i < numbers.length; i += 1) {
    const slope = slopes[i] ?? 0;
    const mean = FIRST_DECAY * (first[i] ?? 0) + (1 - FIRST_DECAY) * slope;
    const square = SECOND_DECAY * (second[i] ?? 0) + (1 - SECOND_DECAY) * slope * slope;
    first[i] = mean;
    second[i] = square;
    numbers[i] = (numbers[i] ?? 0) * shrink - (rate * mean) / (Math.sqrt(square) + EPSILON);
  }
}
