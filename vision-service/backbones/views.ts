import type { Sharp } from 'sharp';
import { withPicture } from './open-image.ts';

/** Other ways to see a training image; what it shows stays the same for most things. */
export const VIEWS = ['mirrored', 'zoomed'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Raise the version whenever a view changes a pixel: it is part of the name under which its features are cached. */
const VERSION = 1;
/** Share of the width and of the height that a zoomed view keeps, about the middle. */
const ZOOM = 0.85;
/** No backbone looks closer, so that views of large photos cost little. Pixels. */
const SIDE = 640;

/** Name of a view of an image in the cache of features. */
export function viewKey(sha256: string, view: ViewName): string {
  return `${sha256}/${view}-${VERSION}`;
}

/**
 * The view as an image file of its own, upright, at most 640 px wide and high.
 *
 * @throws when the bytes are no image that can be decoded
 */
export function viewOf(image: Uint8Array, view: ViewName): Promise<Uint8Array> {
  return withPicture(image, async (picture) => {
    const upright = picture.autoOrient();
    const shown = view === 'mirrored' ? upright.flop() : await middleOf(upright);
    const small = shown.resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true });
    return small.png({ compressionLevel: 0 }).toBuffer();
  });
}

async function middleOf(image: Sharp): Promise<Sharp> {
  const { autoOrient } = await image.metadata();
  const part = (side: number) => ({ kept: Math.max(1, Math.round(side * ZOOM)), side });
  const [wide, high] = [part(autoOrient.width), part(autoOrient.height)];
  return image.extract({
    left: Math.floor((wide.side - wide.kept) / 2),
    top: Math.floor((high.side - high.kept) / 2),
    width: wide.kept,
    height: high.kept,
  });
}
