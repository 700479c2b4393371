import sharp from 'sharp';
import type { Dice } from './random.ts';

/** Sides of a picture in pixels. */
interface Size {
  width: number;
  height: number;
}

const KINDS = [gradient, noise, blobs, photo];

/** A background for a scene: a gradient, noise, soft blobs, or something like a photo out of focus. PNG bytes. */
export function sceneBackground(size: Size, dice: Dice): Promise<Buffer> {
  return dice.pick(KINDS)(size, dice);
}

function gradient({ width, height }: Size, dice: Dice): Promise<Buffer> {
  const angle = dice.whole(0, 359);
  const stops = [0, 0.5, 1].map((at) => `<stop offset="${at}" stop-color="${colour(dice)}"/>`).join('');
  const fill = `<linearGradient id="g" gradientTransform="rotate(${angle} 0.5 0.5)">${stops}</linearGradient>`;
  return render({ width, height }, `<defs>${fill}</defs><rect width="100%" height="100%" fill="url(#g)"/>`);
}

/** Grains of one to three pixels around one colour. */
function noise({ width, height }: Size, dice: Dice): Promise<Buffer> {
  const grain = dice.whole(1, 3);
  const [columns, rows] = [Math.ceil(width / grain), Math.ceil(height / grain)];
  const base = [dice.whole(40, 215), dice.whole(40, 215), dice.whole(40, 215)];
  const strength = dice.between(15, 70);
  const pixels = Buffer.alloc(columns * rows * 3);
  for (let i = 0; i < pixels.length; i += 1) {
    pixels[i] = Math.min(255, Math.max(0, (base[i % 3] ?? 0) + dice.between(-strength, strength)));
  }
  const raw = { width: columns, height: rows, channels: 3 as const };
  return sharp(pixels, { raw }).resize(width, height, { fit: 'fill', kernel: 'nearest' }).png().toBuffer();
}

function blobs({ width, height }: Size, dice: Dice): Promise<Buffer> {
  const shapes = Array.from({ length: dice.whole(8, 20) }, () => ellipse({ width, height }, dice, [20, 110]));
  return blurred({ width, height }, shapes, dice.between(12, 25));
}

/** A ground and a sky, things upright and round in front of them, and grain, all out of focus. */
function photo({ width, height }: Size, dice: Dice): Promise<Buffer> {
  const horizon = dice.between(0.3, 0.7) * height;
  const ground = `<rect y="${horizon}" width="${width}" height="${height}" fill="${colour(dice)}"/>`;
  const things = Array.from({ length: dice.whole(10, 30) }, () => {
    if (dice.roll() < 0.5) return ellipse({ width, height }, dice, [8, 60]);
    const [w, h] = [dice.whole(6, 70), dice.whole(20, 200)];
    const place = `x="${dice.whole(-20, width)}" y="${horizon - h * dice.roll()}" width="${w}" height="${h}"`;
    return `<rect ${place} fill="${colour(dice)}"/>`;
  });
  return blurred({ width, height }, [ground, ...things], dice.between(4, 8));
}

function ellipse({ width, height }: Size, dice: Dice, [small, large]: [number, number]): string {
  const place = `cx="${dice.whole(0, width)}" cy="${dice.whole(0, height)}"`;
  return `<ellipse ${place} rx="${dice.whole(small, large)}" ry="${dice.whole(small, large)}" fill="${colour(dice)}"/>`;
}

async function blurred(size: Size, shapes: readonly string[], sigma: number): Promise<Buffer> {
  const ground = '<rect width="100%" height="100%" fill="#8899aa"/>';
  return sharp(await render(size, ground + shapes.join('')))
    .blur(sigma)
    .png()
    .toBuffer();
}

function render({ width, height }: Size, shapes: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`;
  return sharp(Buffer.from(svg)).flatten().png({ compressionLevel: 1 }).toBuffer();
}

function colour(dice: Dice): string {
  return `hsl(${dice.whole(0, 359)},${dice.whole(5, 80)}%,${dice.whole(15, 85)}%)`;
}
