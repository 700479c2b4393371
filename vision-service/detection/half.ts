/** Numbers in half their size: the upper halves of 32-bit floats, rounded to the nearest (bfloat16, relative error below 0.4 %). */
export function toHalves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i += 1) {
    const whole = bits[i] ?? 0;
    // Half a unit of what stays, less one where that is even, so that ties go to even numbers.
    halves[i] = (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16;
  }
  return halves;
}

/** The numbers that `toHalves` kept. */
export function fromHalves(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i += 1) bits[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

/** Halves as bytes, and back. */
export function bytesOf(halves: Uint16Array): Uint8Array {
  return new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
}

/** Reads halves from bytes, which need not lie at an even address. */
export function halvesOf(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(new Uint8Array(bytes).buffer);
}
