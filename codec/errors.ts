/** A payload that cannot be encrypted or decrypted, or keys that make no sense. Its message never holds a key or content. */
export class PayloadCodecError extends Error {
  override readonly name = 'PayloadCodecError';
}
