import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { keyRing } from './key-ring.ts';
import { payloadCodec } from './payload-codec.ts';

/**
 * How an environment's workers and clients turn values into what Temporal stores. Without keys nothing is encrypted, but
 * an encrypted payload is still answered with the name of the key that is missing.
 * @throws PayloadCodecError when the keys make no sense.
 */
export function dataConverter(env: NodeJS.ProcessEnv): DataConverter {
  const keys = keyRing(env);
  const payloadCodecs = [payloadCodec(keys)];
  return keys.writing === null ? { payloadCodecs } : { payloadCodecs, failureConverterPath: failureConverterPath() };
}

/** The module that encodes failures; the workflow bundle takes it in, too. */
export function failureConverterPath(): string {
  return fileURLToPath(new URL('./failure-converter.ts', import.meta.url));
}
