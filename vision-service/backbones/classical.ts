import { createHash } from 'node:crypto';
import type { Backbone } from './backbone.ts';
import { classicalMaps } from './classical-maps.ts';
import { batchDecoder } from './decode.ts';
import { requireMapSide } from './feature-maps.ts';
import { gradientDimensions, gradientHistogram } from './gradients.ts';
import { asSquare } from './resample.ts';

const SIDE = 64;
const LEVELS = 4;
const COLOURS = LEVELS ** 3;

/** Raise the version whenever a feature's value changes: it is the hash that keys cached features. */
const IDENTITY = `classical 2: colour histogram ${LEVELS}^3, gradients 9 bins 8x8, side ${SIDE}, stretched bilinear on white`;

/**
 * A backbone without weights: colour histogram and histogram of oriented gradients, each of unit length, of the image at
 * 64 × 64 pixels. Quick and always there; good for drawings and digits, weak on photographs.
 *
 * @param options.threads images decoded at once
 */
export function createClassicalBackbone({ threads }: { threads: number }): Backbone {
  const decode = batchDecoder({ side: SIDE, threads });
  return {
    name: 'classical',
    hash: createHash('sha256').update(IDENTITY).digest('hex'),
    dimensions: COLOURS + gradientDimensions(SIDE),
    side: SIDE,
    cropSide: SIDE,
    async embed(images, options = {}) {
      options.signal?.throwIfAborted();
      const pictures = await decode(images);
      options.signal?.throwIfAborted();
      return pictures.map((picture) => classicalFeatures(asSquare(picture, SIDE)));
    },
    async embedSquares(squares, options = {}) {
      options.signal?.throwIfAborted();
      return squares.map(classicalFeatures);
    },
    async featureMaps(squares, side, options = {}) {
      requireMapSide(side);
      options.signal?.throwIfAborted();
      return squares.map((square) => classicalMaps(square, side));
    },
    async close() {},
  };
}

/** Colour and gradient parts side by side; each has unit length, so that neither drowns the other. */
function classicalFeatures(rgb: Uint8Array): Float32Array {
  const feature = new Float32Array(COLOURS + gradientDimensions(SIDE));
  feature.set(unitLength(colourHistogram(rgb)), 0);
  feature.set(unitLength(gradientHistogram(rgb, SIDE)), COLOURS);
  return feature;
}

/** Share of pixels in each of 4 × 4 × 4 colours, 0–1. */
function colourHistogram(rgb: Uint8Array): Float32Array {
  const counts = new Float32Array(COLOURS);
  const level = (value = 0) => Math.floor((value * LEVELS) / 256);
  for (let i = 0; i < rgb.length; i += 3) {
    const colour = (level(rgb[i]) * LEVELS + level(rgb[i + 1])) * LEVELS + level(rgb[i + 2]);
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return counts.map((count) => count / (rgb.length / 3));
}

function unitLength(values: Float32Array): Float32Array {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 ? values.map((value) => value / norm) : values;
}
