import sharp from 'sharp';
import { dot, norm } from '../../vision-service/heads/vectors.ts';

export type Colour = [red: number, green: number, blue: number];

/** A PNG of one colour, with a smaller square of another at its middle. */
export function squarePng(background: Colour, square: Colour, side = 48): Promise<Buffer> {
  const inner = { create: { width: side / 2, height: side / 2, channels: 3 as const, background: rgb(square) } };
  return sharp({ create: { width: side, height: side, channels: 3, background: rgb(background) } })
    .composite([{ input: inner }])
    .png()
    .toBuffer();
}

/** Numbers 0–1 that look random and are the same every time. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Clusters of noisy features, `perClass` images for each of `classes`; not negative unless `signed`. */
export function clusters(options: {
  classes: number;
  perClass: number;
  dimensions: number;
  seed: number;
  signed?: boolean;
}) {
  const random = numbers(options.seed);
  const value = () => (options.signed === true ? random() * 2 - 1 : random());
  const centres = Array.from({ length: options.classes }, () => Array.from({ length: options.dimensions }, value));
  const labels = centres.flatMap((_, c) => Array.from({ length: options.perClass }, () => c));
  const features = labels.map((label) =>
    Float32Array.from({ length: options.dimensions }, (_, i) => (centres[label]?.[i] ?? 0) + 0.4 * value()),
  );
  return { features, labels, classes: centres.map((_, c) => `class ${c}`) };
}

function rgb([r, g, b]: Colour) {
  return { r, g, b };
}

/** Cosine of the angle between two features; throws when one is missing. */
export function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) throw new Error('A feature is missing');
  return dot(a, b) / (norm(a) * norm(b));
}
