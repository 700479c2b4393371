import sharp, { type Sharp } from 'sharp';
import type { RelativeBox } from '../loop/labels.ts';

/** Pixels of the longer side: twice what the report shows, for dense screens. */
const SIDE = 128;
const BOXES_SIDE = 320;

/**
 * A small picture of an image file as a `data:` address, for pages that must need no other file.
 * Null when the file cannot be read as an image any more.
 */
export async function thumbnail(path: string): Promise<string | null> {
  try {
    return await dataUri(shrunk(path, SIDE));
  } catch {
    return null;
  }
}

/** Boxes of one kind on a picture. */
export interface DrawnBoxes {
  boxes: readonly RelativeBox[];
  /** CSS colour. */
  color: string;
  dashed: boolean;
}

/** As `thumbnail`, but large enough to see boxes on, which are drawn into it. Null when the file cannot be read any more. */
export async function pictureWithBoxes(path: string, drawn: readonly DrawnBoxes[]): Promise<string | null> {
  try {
    const { data, info } = await shrunk(path, BOXES_SIDE).png().toBuffer({ resolveWithObject: true });
    return await dataUri(sharp(data).composite([{ input: Buffer.from(boxesSvg(info, drawn)) }]));
  } catch {
    return null;
  }
}

function shrunk(path: string, side: number): Sharp {
  return sharp(path, { limitInputPixels: 268_402_689 })
    .rotate()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true });
}

async function dataUri(picture: Sharp): Promise<string> {
  const bytes = await picture.webp({ quality: 80 }).toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}

function boxesSvg({ width, height }: { width: number; height: number }, drawn: readonly DrawnBoxes[]): string {
  const rectangles = drawn.flatMap(({ boxes, color, dashed }) =>
    boxes.map(([x, y, w, h]) => {
      const place = `x="${x * width}" y="${y * height}" width="${w * width}" height="${h * height}" fill="none"`;
      const dashes = dashed ? ' stroke-dasharray="6 4"' : '';
      // A light line below keeps the box visible on every ground.
      return `<rect ${place} stroke="#fff" stroke-width="4" stroke-opacity="0.7"/><rect ${place} stroke="${color}" stroke-width="2"${dashes}/>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rectangles.join('')}</svg>`;
}
