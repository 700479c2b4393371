import { z } from 'zod';
import { type LinearHead, logits, softmax } from '../heads/linear-head.ts';
import { applyTransform, type Transform } from '../heads/transform.ts';

const SearchSummarySchema = z.object({
  /** Recipes tried in cross-validation. */
  tried: z.number(),
  ended: z.enum(['nothing improved', 'budget used']),
  /** What was left out of the search, each with the reason. */
  skipped: z.array(z.string()),
});

/** How the search for the recipe went. */
export type SearchSummary = z.infer<typeof SearchSummarySchema>;

/** A trained head: features → transform → linear scores → softmax at a temperature. */
export interface TrainedClassifier {
  /** Class names; scores follow their order. */
  classes: string[];
  /** The recipe that was chosen, in words. */
  recipe: string;
  search: SearchSummary;
  transform: Transform;
  head: LinearHead;
  temperature: number;
}

const FAMILY = 'deltaloop-classifier-';
const MAGIC = `${FAMILY}2\n`;

/** Probabilities of the classes for each feature vector, in the classes' order; each sums to 1. */
export function predictScores(classifier: TrainedClassifier, features: readonly Float32Array[]): Float32Array[] {
  return features.map((feature) => {
    const outputs = logits(classifier.head, applyTransform(classifier.transform, feature));
    return Float32Array.from(softmax(outputs, classifier.temperature));
  });
}

/** A classifier as bytes: a line naming the form, a line of JSON, then the numbers as little-endian 32-bit floats. */
export function serialiseClassifier(classifier: TrainedClassifier): Uint8Array {
  const { classes, recipe, search, temperature, transform, head } = classifier;
  const dimensions = transform.mean.length;
  const header = JSON.stringify({ classes, recipe, search, temperature, cubeRoot: transform.cubeRoot, dimensions });
  const numbers = new Float32Array(dimensions + classes.length * (dimensions + 1));
  numbers.set(transform.mean);
  numbers.set(head.biases, dimensions);
  for (const [c, row] of head.weights.entries()) numbers.set(row, dimensions + classes.length + c * dimensions);
  return Buffer.concat([Buffer.from(`${MAGIC}${header}\n`), Buffer.from(numbers.buffer)]);
}

/**
 * Reads what `serialiseClassifier` wrote.
 *
 * @throws when the bytes are of another form (also one of an older version) or not whole
 */
export function deserialiseClassifier(bytes: Uint8Array): TrainedClassifier {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  requireMagic(buffer);
  const end = buffer.indexOf('\n', MAGIC.length);
  const { dimensions, cubeRoot, ...header } = HeaderSchema.parse(
    JSON.parse(buffer.toString('utf8', MAGIC.length, end)),
  );
  const { mean, head } = readNumbers(buffer.subarray(end + 1), header.classes.length, dimensions);
  return { ...header, transform: { cubeRoot, mean }, head };
}

function requireMagic(buffer: Buffer): void {
  const line = buffer.toString('latin1', 0, MAGIC.length);
  if (line === MAGIC) return;
  if (line.startsWith(FAMILY)) {
    throw new Error(
      'This classifier was written by another version of deltaloop, whose form this one does not read. Train it again under a new name.',
    );
  }
  throw new Error('This is no classifier that deltaloop wrote: its first line is another');
}

const HeaderSchema = z.object({
  classes: z.array(z.string()),
  recipe: z.string(),
  search: SearchSummarySchema,
  temperature: z.number(),
  cubeRoot: z.boolean(),
  dimensions: z.int().min(0),
});

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
