import { type LinearHead, logits, softmax } from '../heads/linear-head.ts';
import { applyTransform, type Transform } from '../heads/transform.ts';

/** A trained head: features → transform → linear scores → softmax at a temperature. */
export interface TrainedClassifier {
  /** Class names; scores follow their order. */
  classes: string[];
  /** The recipe that was chosen, in words. */
  recipe: string;
  transform: Transform;
  head: LinearHead;
  temperature: number;
}

const MAGIC = 'deltaloop-classifier-1\n';

/** Probabilities of the classes for each feature vector, in the classes' order; each sums to 1. */
export function predictScores(classifier: TrainedClassifier, features: readonly Float32Array[]): Float32Array[] {
  return features.map((feature) => {
    const outputs = logits(classifier.head, applyTransform(classifier.transform, feature));
    return Float32Array.from(softmax(outputs, classifier.temperature));
  });
}

/** A classifier as bytes: a line naming the form, a line of JSON, then the numbers as little-endian 32-bit floats. */
export function serialiseClassifier(classifier: TrainedClassifier): Uint8Array {
  const { classes, recipe, temperature, transform, head } = classifier;
  const dimensions = transform.mean.length;
  const header = JSON.stringify({ classes, recipe, temperature, squareRoot: transform.squareRoot, dimensions });
  const numbers = Float32Array.from([transform.mean, head.biases, ...head.weights].flatMap((part) => [...part]));
  return Buffer.concat([Buffer.from(`${MAGIC}${header}\n`), Buffer.from(numbers.buffer)]);
}

/**
 * Reads what `serialiseClassifier` wrote.
 *
 * @throws when the bytes are of another form or not whole
 */
export function deserialiseClassifier(bytes: Uint8Array): TrainedClassifier {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) {
    throw new Error('This is no classifier that deltaloop wrote: its first line is another');
  }
  const end = buffer.indexOf('\n', MAGIC.length);
  const header = readHeader(buffer.toString('utf8', MAGIC.length, end));
  const parts = readNumbers(buffer.subarray(end + 1), header.classes.length, header.dimensions);
  const { classes, recipe, temperature, squareRoot } = header;
  return { classes, recipe, temperature, transform: { squareRoot, mean: parts.mean }, head: parts.head };
}

interface Header {
  classes: string[];
  recipe: string;
  temperature: number;
  squareRoot: boolean;
  dimensions: number;
}

function readHeader(line: string): Header {
  const header: unknown = JSON.parse(line);
  if (!isHeader(header)) throw new Error('The classifier’s header lacks a member or holds one of another type');
  return header;
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const record: Record<string, unknown> = { ...value };
  return (
    Array.isArray(record['classes']) &&
    record['classes'].every((name) => typeof name === 'string') &&
    typeof record['recipe'] === 'string' &&
    typeof record['temperature'] === 'number' &&
    typeof record['squareRoot'] === 'boolean' &&
    Number.isSafeInteger(record['dimensions'])
  );
}

function readNumbers(bytes: Uint8Array, classes: number, dimensions: number): { mean: Float64Array; head: LinearHead } {
  const expected = 4 * (dimensions + classes + classes * dimensions);
  if (bytes.length !== expected) {
    throw new Error(`The classifier is not whole: ${bytes.length} bytes of numbers, ${expected} expected`);
  }
  // A copy of its own, since these bytes may begin at an odd place of a larger buffer.
  const numbers = Float64Array.from(new Float32Array(new Uint8Array(bytes).buffer));
  const rest = dimensions + classes;
  const weights = Array.from({ length: classes }, (_, c) =>
    numbers.slice(rest + c * dimensions, rest + (c + 1) * dimensions),
  );
  return { mean: numbers.slice(0, dimensions), head: { weights, biases: numbers.slice(dimensions, rest) } };
}
