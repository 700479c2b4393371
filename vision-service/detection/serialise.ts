import { z } from 'zod';
import { DETECTOR_KINDS, type TrainedDetector } from './detector.ts';
import { HEAD_PARTS } from './graphs.ts';
import { byPart, partShapes } from './place-head.ts';

const MAGIC = 'deltaloop-detector-1\n';

const HeaderSchema = z.object({
  kind: z.enum(DETECTOR_KINDS),
  classes: z.array(z.string()),
  recipe: z.string(),
  most: z.int(),
  places: z.object({ features: z.int(), hidden: z.int(), classes: z.int() }),
  blend: z.object({ object: z.number(), crop: z.number(), place: z.number(), bias: z.number() }),
  crops: z.object({ dimensions: z.int(), cubeRoot: z.boolean() }).optional(),
});

/** Whether bytes begin as a detector's do. */
export function isDetector(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 0, MAGIC.length) === MAGIC;
}

/** A detector as bytes: a line naming the form, a line of JSON, then the numbers as little-endian 32-bit floats. */
export function serialiseDetector({ kind, classes, recipe, most, places, crops, blend }: TrainedDetector): Uint8Array {
  const cropHeader = crops && { dimensions: crops.transform.mean.length, cubeRoot: crops.transform.cubeRoot };
  const header = JSON.stringify({ kind, classes, recipe, most, places: places.size, blend, crops: cropHeader });
  const numbers = [
    ...HEAD_PARTS.map((part) => places.numbers[part]),
    ...(crops
      ? [crops.transform.mean, crops.head.biases, ...crops.head.weights].map((list) => Float32Array.from(list))
      : []),
  ];
  const bytes = numbers.map((list) => Buffer.from(list.buffer, list.byteOffset, list.byteLength));
  return Buffer.concat([Buffer.from(`${MAGIC}${header}\n`), ...bytes]);
}

/**
 * Reads what `serialiseDetector` wrote.
 *
 * @throws when the bytes are of another form or not whole
 */
export function deserialiseDetector(bytes: Uint8Array): TrainedDetector {
  if (!isDetector(bytes)) throw new Error('This is no detector that deltaloop wrote: its first line is another');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf('\n', MAGIC.length);
  const header = HeaderSchema.parse(JSON.parse(buffer.toString('utf8', MAGIC.length, end)));
  const take = taking(buffer.subarray(end + 1));
  const shapes = partShapes(header.places);
  const numbers = byPart((part) => take(shapes[part][0] * shapes[part][1]));
  const { crops, ...rest } = header;
  const places = { size: header.places, numbers };
  if (crops === undefined) return { ...rest, places, crops: undefined };
  const mean = Float64Array.from(take(crops.dimensions));
  const biases = Float64Array.from(take(rest.classes.length + 1));
  const weights = Array.from({ length: rest.classes.length + 1 }, () => Float64Array.from(take(crops.dimensions)));
  const cropHead = { transform: { cubeRoot: crops.cubeRoot, mean }, head: { weights, biases } };
  return { ...rest, places, crops: cropHead };
}

/** Takes one list of numbers after the other. Parts come in the order of `HEAD_PARTS`, as `byPart` asks for them. */
function taking(bytes: Uint8Array): (length: number) => Float32Array {
  let offset = 0;
  return (length) => {
    const part = bytes.subarray(offset, offset + length * 4);
    if (part.length !== length * 4) throw new Error('The detector is not whole: it has fewer numbers than it says');
    offset += part.length;
    return new Float32Array(new Uint8Array(part).buffer);
  };
}
