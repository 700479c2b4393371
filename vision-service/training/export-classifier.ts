import type { ModelPerformance } from '../../loop/metrics.ts';
import { floatHead } from '../heads/linear-head.ts';
import { encodeGraph, type GraphDefinition } from '../heads/onnx-graph.ts';
import type { TrainedClassifier } from './classifier.ts';

/** A file of an exported model. */
export interface ExportedFile {
  name: string;
  bytes: Uint8Array;
}

export interface ClassifierExport {
  classifier: TrainedClassifier;
  /** What was measured when the model was trained, if anything was. */
  performance: ModelPerformance | undefined;
  /** Where the head's features come from: whoever uses the head must make them alike. */
  backbone: {
    name: string;
    /** SHA-256 of the weights and the preprocessing. */
    hash: string;
    /** Pixels of the square that an image is stretched to. */
    side: number;
    /** How an image is made ready for the backbone, in words. */
    preprocessing: string;
  };
}

const SMALLEST = 1e-30;
const FEATURES = 'features';
const PROBABILITIES = 'probabilities';

/**
 * A classifier as files that need no deltaloop: `head.onnx` (features of the backbone, `n × d`, to probabilities, `n × classes`),
 * `labels.json` (class names in the order of the probabilities), `metrics.json` (as the API reports them; absent when nothing was
 * measured), and `model.json` (what the features must come from, and how the head was found). Features must be finite.
 */
export function exportClassifier({ classifier, performance, backbone }: ClassifierExport): ExportedFile[] {
  const { classes, recipe, search, transform, temperature } = classifier;
  const model = {
    schemaVersion: 1,
    kind: 'Generic-Classifier',
    backbone: { ...backbone, dimensions: transform.mean.length },
    head: { file: 'head.onnx', input: FEATURES, output: PROBABILITIES, recipe, temperature, search },
    labels: 'labels.json',
  };
  return [
    { name: 'head.onnx', bytes: encodeGraph(headGraph(classifier)) },
    jsonFile('labels.json', classes),
    ...(performance === undefined ? [] : [jsonFile('metrics.json', performance)]),
    jsonFile('model.json', model),
  ];
}

function jsonFile(name: string, value: unknown): ExportedFile {
  return { name, bytes: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

/** What `predictScores` does, as operations of ONNX: root, unit length, centred, unit length, linear scores, softmax. */
function headGraph({ transform, head, temperature, classes }: TrainedClassifier): GraphDefinition {
  const { weights, biases } = floatHead(head);
  const [dimensions, count] = [transform.mean.length, classes.length];
  const one = (value: number) => ({ shape: [], data: Float32Array.of(value) });
  return {
    name: 'deltaloop-classifier-head',
    inputs: [FEATURES],
    outputs: [PROBABILITIES],
    shapes: { [FEATURES]: ['n', dimensions], [PROBABILITIES]: ['n', count] },
    constants: {
      ...(transform.cubeRoot && { third: one(1 / 3) }),
      smallest: one(SMALLEST),
      mean: { shape: [dimensions], data: Float32Array.from(transform.mean) },
      weights: { shape: [count, dimensions], data: weights.data },
      biases: { shape: [count], data: biases },
      temperature: one(temperature),
    },
    nodes: [
      ...rootNodes(transform.cubeRoot),
      ...unitLengthNodes('rooted', 'unit'),
      { operator: 'Sub', inputs: ['unit', 'mean'], output: 'shifted' },
      ...unitLengthNodes('shifted', 'centred'),
      { operator: 'Gemm', inputs: ['centred', 'weights', 'biases'], output: 'scores', attributes: { transB: 1 } },
      { operator: 'Div', inputs: ['scores', 'temperature'], output: 'calibrated' },
      { operator: 'Softmax', inputs: ['calibrated'], output: PROBABILITIES, attributes: { axis: 1 } },
    ],
  };
}

function rootNodes(cubeRoot: boolean): GraphDefinition['nodes'] {
  if (!cubeRoot) return [{ operator: 'Identity', inputs: [FEATURES], output: 'rooted' }];
  return [
    { operator: 'Relu', inputs: [FEATURES], output: 'positive' },
    { operator: 'Pow', inputs: ['positive', 'third'], output: 'rooted' },
  ];
}

/** Each row divided by its Euclidean length; a row of noughts stays. */
function unitLengthNodes(from: string, to: string): GraphDefinition['nodes'] {
  return [
    { operator: 'ReduceL2', inputs: [from], output: `${to}Length`, attributes: { axes: [1], keepdims: 1 } },
    { operator: 'Max', inputs: [`${to}Length`, 'smallest'], output: `${to}Divisor` },
    { operator: 'Div', inputs: [from, `${to}Divisor`], output: to },
  ];
}
