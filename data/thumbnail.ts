import sharp from 'sharp';

/** Pixels of the longer side: twice what the report shows, for dense screens. */
const SIDE = 128;

/**
 * A small picture of an image file as a `data:` address, for pages that must need no other file.
 * Null when the file cannot be read as an image any more.
 */
export async function thumbnail(path: string): Promise<string | null> {
  try {
    const bytes = await sharp(path, { limitInputPixels: 268_402_689 })
      .rotate()
      .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80 })
      .toBuffer();
    return `data:image/webp;base64,${bytes.toString('base64')}`;
  } catch {
    return null;
  }
}
