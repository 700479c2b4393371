import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { PayloadCodecError } from './errors.ts';
import { KEYS_VARIABLE, type KeyRing } from './key-ring.ts';

/** Metadata of an encrypted payload, readable by all: it says how to decrypt the rest, and is authenticated with it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'encryption-cipher';
const WORKFLOW = 'encryption-workflow';
const CIPHER_NAME = 'AES-256-GCM/deltaloop-1';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** What is in the clear and bound to the ciphertext: change any of it, and the payload is refused. */
interface Bound {
  keyId: string;
  /** Workflow that the payload belongs to; null where Temporal's library tells none. */
  workflowId: string | null;
}

/**
 * Encrypts payloads with AES-256-GCM, their metadata included, each under a nonce of its own. Payloads that are not
 * encrypted are passed on by `decode`, so that encryption can be switched on while loops run.
 *
 * A payload is bound to its workflow ID: one that was copied into another loop's history is refused there.
 */
export function payloadCodec(keys: KeyRing): PayloadCodec {
  return {
    encode: async (payloads, context) => payloads.map((payload) => encrypt(payload, keys, context)),
    decode: async (payloads, context) => payloads.map((payload) => decrypt(payload, keys, context)),
  };
}

function encrypt(payload: Payload, { writing }: KeyRing, context: SerializationContext | undefined): Payload {
  if (writing === null) return payload;
  const bound: Bound = { keyId: writing.id, workflowId: context?.workflowId ?? null };
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', writing.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundBytes(bound));
  const secret = cipher.update(PayloadMessage.encode(payload).finish());
  return { metadata: metadataOf(bound), data: Buffer.concat([nonce, secret, cipher.final(), cipher.getAuthTag()]) };
}

/** @throws PayloadCodecError when the key is missing, or any bit is not as it was written. */
function decrypt(payload: Payload, { reading }: KeyRing, context: SerializationContext | undefined): Payload {
  if (textOf(payload, 'encoding') !== ENCODING) return payload;
  const bound = boundOf(payload);
  const key = reading.get(bound.keyId);
  if (key === undefined) throw missingKey(bound.keyId);
  if (bound.workflowId !== null && context?.workflowId !== undefined && bound.workflowId !== context.workflowId) {
    throw new PayloadCodecError(
      `A payload of workflow ${JSON.stringify(context.workflowId)} was encrypted for workflow ${JSON.stringify(bound.workflowId)}; it is refused.`,
    );
  }
  return PayloadMessage.decode(open(Buffer.from(payload.data ?? []), key, bound));
}

function open(data: Buffer, key: Buffer, bound: Bound): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundBytes(bound));
    decipher.setAuthTag(data.subarray(NONCE_BYTES).subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new PayloadCodecError(
      `A payload does not decrypt with the key ${JSON.stringify(bound.keyId)}: it was changed, or the key of that id is another one than it was written with.`,
      { cause: error },
    );
  }
}

function metadataOf({ keyId, workflowId }: Bound): Record<string, Uint8Array> {
  return {
    encoding: Buffer.from(ENCODING),
    [CIPHER]: Buffer.from(CIPHER_NAME),
    [KEY_ID]: Buffer.from(keyId),
    ...(workflowId === null ? {} : { [WORKFLOW]: Buffer.from(workflowId) }),
  };
}

/** @throws PayloadCodecError for a payload that this codec has not written. */
function boundOf(payload: Payload): Bound {
  const keyId = textOf(payload, KEY_ID);
  if (textOf(payload, CIPHER) === CIPHER_NAME && keyId !== undefined) {
    return { keyId, workflowId: textOf(payload, WORKFLOW) ?? null };
  }
  throw new PayloadCodecError('A payload was encrypted by something else than deltaloop; it cannot be read.');
}

/** A JSON list, so that no two different facts give the same bytes. */
function boundBytes({ keyId, workflowId }: Bound): Buffer {
  return Buffer.from(JSON.stringify([CIPHER_NAME, keyId, workflowId]));
}

function textOf({ metadata }: Payload, name: string): string | undefined {
  const bytes = metadata?.[name];
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

function missingKey(id: string): PayloadCodecError {
  return new PayloadCodecError(
    `A payload was encrypted with the key ${JSON.stringify(id)}, which is missing here; add it to ${KEYS_VARIABLE} (id:base64key, separated by commas).`,
  );
}
