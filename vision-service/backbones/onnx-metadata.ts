/** Field of `metadata_props` in ModelProto, and of key and value in each entry (onnx.proto). */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/**
 * The `metadata_props` of an ONNX model, which the inference runtime does not show. Only the outermost fields of the protocol
 * buffer are walked over; bytes that are no such message give what was found until then.
 */
export function onnxMetadata(model: Uint8Array): Map<string, string> {
  const entries = fieldsOf(model).filter(({ field }) => field === METADATA_PROPS);
  return new Map(entries.map(({ content }) => [textIn(content, KEY), textIn(content, VALUE)]));
}

function textIn(message: Uint8Array, wanted: number): string {
  const found = fieldsOf(message).find(({ field }) => field === wanted);
  return Buffer.from(found?.content ?? []).toString('utf8');
}

/** Fields of a message that hold bytes; numbers are skipped. */
function fieldsOf(message: Uint8Array): { field: number; content: Uint8Array }[] {
  const fields: { field: number; content: Uint8Array }[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    const [field, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    const number = varint(message, tag.end);
    if (wire === 0) at = number.end;
    else if (wire === 1) at = tag.end + 8;
    else if (wire === 5) at = tag.end + 4;
    else if (wire === 2) {
      at = number.end + number.value;
      fields.push({ field, content: message.subarray(number.end, at) });
    } else return fields;
  }
  return fields;
}

/** Seven bits a byte, the lowest first; in floating point, as lengths may have more than 32 bits. */
function varint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let end = start;
  for (let factor = 1; end < bytes.length; factor *= 128) {
    const byte = bytes[end] ?? 0;
    end += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  return { value, end };
}
