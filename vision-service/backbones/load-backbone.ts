import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backbone } from './backbone.ts';
import { createClassicalBackbone } from './classical.ts';
import { BackboneError } from './errors.ts';
import { createOnnxBackbone } from './onnx.ts';

/** The committed weights: made by scripts/convert-efficientnet-lite0.py, see the NOTICE beside them. */
const EFFICIENTNET_LITE0_SHA256 = '75dcff4cf227f56a6e197943a0d42d7accaa269633ff41a7029f3e0f9763f01a';
const DEFAULT_THREADS = 2;

/**
 * Loads a backbone by name: `efficientnet-lite0` (photographs and drawings, weights beside this file), `classical` (colour
 * histogram and gradients, no weights), or `onnx:<file>`, a person's own (see `createOnnxBackbone` for what it must look like).
 *
 * @param options.threads threads for inference; 2 if not given
 * @throws {BackboneError} for a name that is not known, a file that is missing, or weights other than the expected ones
 */
export async function loadBackbone(name: string, options: { threads?: number } = {}): Promise<Backbone> {
  const threads = options.threads ?? DEFAULT_THREADS;
  if (name === 'classical') return createClassicalBackbone();
  if (name === 'efficientnet-lite0') {
    const file = fileURLToPath(new URL('models/efficientnet-lite0.onnx', import.meta.url));
    return createOnnxBackbone({ name, file, sha256: EFFICIENTNET_LITE0_SHA256, threads });
  }
  if (name.startsWith('onnx:') && name !== 'onnx:') {
    return createOnnxBackbone({ name, file: resolve(name.slice('onnx:'.length)), threads });
  }
  throw new BackboneError(`There is no backbone "${name}". Known: efficientnet-lite0, classical, onnx:<file>.`);
}
