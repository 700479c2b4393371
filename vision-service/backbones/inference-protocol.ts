import type { FeatureMaps } from './feature-maps.ts';
import type { NetworkFacts } from './onnx-network.ts';
import type { RgbPicture } from './resample.ts';

/** A piece of work of an inference thread. Pictures that are not squares of the side, in pixels, are stretched there. */
export type InferenceJob =
  | { kind: 'features'; pictures: readonly RgbPicture[]; side: number }
  | { kind: 'maps'; square: Uint8Array; side: number };

/** Results of the kinds of work; features lie one after the other. */
export interface InferenceResults {
  features: Float32Array;
  maps: FeatureMaps;
}

export type ToInferenceThread = { type: 'run'; id: number; job: InferenceJob } | { type: 'close' };

export type FromInferenceThread =
  | { type: 'ready'; facts: NetworkFacts }
  | { type: 'unusable'; message: string }
  | { type: 'result'; id: number; result: InferenceResults[keyof InferenceResults] }
  | { type: 'failure'; id: number; message: string };
