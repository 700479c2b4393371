import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { BackboneError } from './errors.ts';
import type { FromInferenceThread, InferenceJob, ToInferenceThread } from './inference-protocol.ts';
import { type Network, type OnnxModel, openNetwork } from './onnx-network.ts';
import { asSquare } from './resample.ts';

/**
 * The entry of an inference thread: one model, one picture after the other. The runtime computes on the thread that calls it, so
 * several such threads with one computing thread each use the processors better than one with several.
 */
const model: OnnxModel = workerData;
const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread');

const network = openNetwork(model);
network.then(
  ({ facts }) => send({ type: 'ready', facts }),
  (error: unknown) => {
    if (!(error instanceof BackboneError)) throw error;
    send({ type: 'unusable', message: error.message });
  },
);

function send(message: FromInferenceThread, transfer: readonly TransferListItem[] = []): void {
  port?.postMessage(message, transfer);
}

async function compute(id: number, job: InferenceJob): Promise<void> {
  try {
    const opened = await network;
    if (job.kind === 'features') {
      const result = await featuresOf(opened, job);
      send({ type: 'result', id, result }, [result.buffer]);
    } else {
      const result = await opened.maps(job.square, job.side);
      send({ type: 'result', id, result });
    }
  } catch (error) {
    send({ type: 'failure', id, message: error instanceof Error ? error.message : String(error) });
  }
}

/** One at a time: the numbers in between stay in the processor's cache, and memory stays small. */
async function featuresOf(
  network: Network,
  { pictures, side }: Extract<InferenceJob, { kind: 'features' }>,
): Promise<Float32Array<ArrayBuffer>> {
  const { dimensions } = network.facts;
  const features = new Float32Array(pictures.length * dimensions);
  for (const [i, picture] of pictures.entries()) {
    features.set(await network.features(asSquare(picture, side), side), i * dimensions);
  }
  return features;
}

let queue: Promise<void> = Promise.resolve();

port.on('message', (message: ToInferenceThread) => {
  if (message.type === 'run') queue = queue.then(() => compute(message.id, message.job));
  else void queue.then(async () => (await network.catch(() => undefined))?.close()).then(() => port.close());
});
