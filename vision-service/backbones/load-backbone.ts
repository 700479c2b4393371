import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backbone } from './backbone.ts';
import { createClassicalBackbone } from './classical.ts';
import { BackboneError } from './errors.ts';
import { createOnnxBackbone } from './onnx.ts';

/** The committed weights: made by scripts/convert-efficientnet-lite0.py, see the NOTICE beside them. */
const EFFICIENTNET_LITE0_SHA256 = 'df5ced4a11dbc59df8a09a3340e66fa34a929245d0d5a7cfae8604f29037b467';
/** The file with the weights. */
export const EFFICIENTNET_LITE0 = fileURLToPath(new URL('models/efficientnet-lite0.onnx', import.meta.url));
/** Pixels of a detector's second look: half the work of 224 px, for .01 less mAP@50 at 80 scenes and .03 less at 20. */
const CROP_SIDE = 160;
const DEFAULT_THREADS = 2;

/**
 * Loads a backbone by name: `efficientnet-lite0` (photographs and drawings, weights beside this file), `classical` (colour
 * histogram and gradients, no weights), or `onnx:<file>`, a person's own (see `createOnnxBackbone` for what it must look like).
 *
 * @param options.threads pictures decoded at once, and pictures inferred at once on one thread each; 2 if not given
 * @throws {BackboneError} for a name that is not known, a file that is missing, or weights other than the expected ones
 */
export async function loadBackbone(name: string, options: { threads?: number } = {}): Promise<Backbone> {
  const threads = options.threads ?? DEFAULT_THREADS;
  if (name === 'classical') return createClassicalBackbone({ threads });
  if (name === 'efficientnet-lite0') {
    return createOnnxBackbone({
      name,
      file: EFFICIENTNET_LITE0,
      sha256: EFFICIENTNET_LITE0_SHA256,
      defaults: { cropSide: CROP_SIDE },
      threads,
    });
  }
  if (name.startsWith('onnx:') && name !== 'onnx:') {
    return createOnnxBackbone({ name, file: resolve(name.slice('onnx:'.length)), threads });
  }
  throw new BackboneError(`There is no backbone "${name}". Known: efficientnet-lite0, classical, onnx:<file>.`);
}
