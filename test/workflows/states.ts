import type { RoundRecord } from '../../loop/round.ts';
import { type LoopSpecInput, LoopSpecSchema } from '../../loop/spec.ts';
import { initialState, type LoopState } from '../../workflows/loop-state.ts';
import type { LoopInput } from '../../workflows/messages.ts';

/** A loop's input as a start makes it, from a small spec with a pool and these changes. */
export function inputOf(changes: Partial<LoopSpecInput> = {}, deadline: number | null = null): LoopInput {
  const spec = LoopSpecSchema.parse({
    name: 'cats-and-dogs',
    title: 'Is it a cat or a dog?',
    collector: { kind: 'pool', path: '/data/pool' },
    evaluation: { path: '/data/evaluation' },
    target: 0.9,
    imagesPerClass: 4,
    ...changes,
  });
  return { instanceId: 'an-instance', spec, specHash: 'a-hash', deadline };
}

/** The state at the start of round 1 of a loop with two classes, with these changes. */
export function stateOf(input: LoopInput, changes: Partial<LoopState> = {}): LoopState {
  return {
    ...initialState(input),
    phase: 'collecting',
    doing: 'Collecting 8 images (4 per class)',
    round: 1,
    frozen: {
      classes: ['cat', 'dog'],
      evaluation: {
        dataset: 'cats-and-dogs-evaluation',
        hash: 'e5',
        images: 240,
        file: { uri: 'file:///data/coco.json', sha256: 'c0' },
      },
      minImagesPerClass: 2,
    },
    need: { cat: 4, dog: 4 },
    ...changes,
  };
}

/** A round of eight images that measured 0.812 on its own, with these changes. */
export function recordOf(changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    round: 1,
    images: 8,
    newImages: 8,
    perClass: [4, 4],
    model: 'cats-and-dogs-r1-abc-1',
    metric: 0.8125,
    noise: null,
    gain: null,
    comparedWith: null,
    billedMinutes: 2,
    action: 'collect',
    decision: 'collect 2 per class',
    ...changes,
  };
}
