import { InferenceSession } from 'onnxruntime-node';
import { BackboneError } from './errors.ts';
import type { FeatureMaps } from './feature-maps.ts';
import { type InputPlan, inputPlan, inputWriter } from './onnx-input.ts';
import { mapOf, type OutputPlan, pooledFeatures } from './onnx-output.ts';
import type { OnnxSettings } from './onnx-settings.ts';

/** The model to open; plain values, as they go to the threads that infer. */
export interface OnnxModel {
  /** For messages. */
  name: string;
  file: string;
  bytes: Uint8Array;
  settings: OnnxSettings;
}

/** What is known of a model once it is open. */
export interface NetworkFacts {
  input: InputPlan;
  output: OutputPlan;
  /** Length of a feature vector. */
  dimensions: number;
  /** Names of the outputs that are feature maps; undefined when the model has none. */
  maps: { map8: string; map16: string; map32: string } | undefined;
}

/** A model that computes on the thread that calls it: `run` of the inference runtime does not return before it is done. */
export interface Network {
  facts: NetworkFacts;
  /** Feature vector of a square. Other sides than the plan's only for models that take any. */
  features(square: Uint8Array, side: number): Promise<Float32Array>;
  /** Feature maps of one square. Only for models that have maps. */
  maps(square: Uint8Array, side: number): Promise<FeatureMaps>;
  close(): Promise<void>;
}

const OWN_MAPS = { map8: 'map8', map16: 'map16', map32: 'map32' };

/**
 * Opens a model and finds out how it is used; one black picture tells the length of the feature.
 *
 * @throws {BackboneError} saying what does not fit and what to write beside the file
 */
export async function openNetwork(model: OnnxModel): Promise<Network> {
  const session = await openSession(model);
  try {
    return await networkOf(session, model.settings);
  } catch (error) {
    await session.release();
    throw new BackboneError(
      `Backbone "${model.name}": ${model.file} does not fit: ${wordsOf(error)}. What can be set is read from ${model.file}.json.`,
      { cause: error },
    );
  }
}

async function openSession({ name, file, bytes }: OnnxModel): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  } catch (error) {
    throw new BackboneError(`Backbone "${name}": ${file} is no ONNX model that can be run: ${wordsOf(error)}`, {
      cause: error,
    });
  }
}

async function networkOf(session: InferenceSession, settings: OnnxSettings): Promise<Network> {
  const input = inputPlan(session.inputMetadata, settings);
  const output = outputPlan(session.outputNames, { settings, input });
  const maps = mapNames(session.outputNames, settings);
  const write = inputWriter(input);
  const features = async (square: Uint8Array, side: number) => {
    const results = await session.run({ [input.name]: write(square, side) }, [output.name]);
    return pooledFeatures(results[output.name], output);
  };
  const black = new Uint8Array(input.side ** 2 * 3);
  const { length: dimensions } = await features(black, input.side);
  return {
    facts: { input, output, dimensions, maps },
    features,
    async maps(square, side) {
      const { map8, map16, map32 } = maps ?? OWN_MAPS;
      const results = await session.run({ [input.name]: write(square, side) }, [map8, map16, map32]);
      const map = (name: string) => mapOf(results[name], { name, channelsLast: output.channelsLast });
      return { map8: map(map8), map16: map(map16), map32: map(map32) };
    },
    close: () => session.release(),
  };
}

function outputPlan(
  names: readonly string[],
  { settings, input }: { settings: OnnxSettings; input: InputPlan },
): OutputPlan {
  const name = settings.output ?? names.find((candidate) => candidate === 'feat') ?? names[0];
  if (name === undefined || !names.includes(name)) {
    throw new Error(`it has no output "${settings.output ?? ''}"; there are ${names.join(', ')}`);
  }
  const channelsLast = (settings.outputLayout ?? input.layout) === 'NHWC';
  return { name, pooling: settings.pooling, channelsLast };
}

function mapNames(outputs: readonly string[], { maps }: OnnxSettings): NetworkFacts['maps'] {
  const missing = Object.values(maps ?? {}).filter((name) => !outputs.includes(name));
  if (missing.length > 0) {
    throw new Error(`"maps" names outputs it does not have: ${missing.join(', ')}; there are ${outputs.join(', ')}`);
  }
  return maps ?? (Object.values(OWN_MAPS).every((name) => outputs.includes(name)) ? OWN_MAPS : undefined);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
