import sharp from 'sharp';

/** Wavelengths in pixels and strengths of the noise that a made photo consists of: coarse light, fine grain. */
const OCTAVES = [
  [160, 1],
  [40, 0.6],
  [10, 0.35],
  [3, 0.2],
  [1, 0.08],
] as const;
const [WIDTH, HEIGHT] = [1600, 1200];
const QUALITY = 85;

/**
 * Pictures with the statistics of photos, so that decoding them costs what photos cost (a 640 × 480 JPEG has about 80 kB). The
 * same number gives the same pictures on every machine with the same decoder.
 */
export interface MadePhotos {
  /** 640 × 480 JPEG, quality 85. */
  jpeg(index: number): Promise<Buffer>;
  /** PNG of that side in pixels. */
  png(index: number, side: number): Promise<Buffer>;
}

/** Makes one large picture, which the others are cut from. */
export async function makePhotos(): Promise<MadePhotos> {
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const };
  const scene = await makeScene();
  const cut = (index: number, { width, height }: { width: number; height: number }) => {
    const left = (index * 389) % (WIDTH - width);
    const top = (index * 211) % (HEIGHT - height);
    const picture = sharp(scene, { raw }).extract({ left, top, width, height });
    return index % 2 === 0 ? picture : picture.flop();
  };
  return {
    jpeg: (index) => cut(index, { width: 640, height: 480 }).jpeg({ quality: QUALITY }).toBuffer(),
    png: (index, side) => cut(index, { width: side, height: side }).png().toBuffer(),
  };
}

async function makeScene(): Promise<Uint8Array> {
  const random = randomBytes(1);
  const sums = new Float32Array(WIDTH * HEIGHT * 3).fill(127.5);
  for (const [wavelength, strength] of OCTAVES) {
    const noise = await noiseOf(wavelength, random);
    for (const [i, value] of noise.entries()) sums[i] = (sums[i] ?? 0) + strength * (value - 127.5);
  }
  return Uint8Array.from(sums, (value) => Math.min(Math.max(value, 0), 255));
}

async function noiseOf(wavelength: number, random: () => number): Promise<Uint8Array> {
  const size = { width: Math.ceil(WIDTH / wavelength), height: Math.ceil(HEIGHT / wavelength) };
  const grains = Uint8Array.from({ length: size.width * size.height * 3 }, random);
  return sharp(grains, { raw: { ...size, channels: 3 } })
    .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
}

/** Upper bits of a linear congruential generator (the constants of "Numerical Recipes"). */
function randomBytes(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
}
