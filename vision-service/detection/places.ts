import type { FeatureMaps } from '../backbones/feature-maps.ts';

/** Pixels of the square that pictures are laid into, and pixels from place to place in it. */
export const SQUARE_SIDE = 448;
export const PLACE_STRIDE = 16;
/** Places along a side of the square. */
export const PLACES = SQUARE_SIDE / PLACE_STRIDE;

/** How much of the square a picture takes up, in places; the rest is padding. */
export interface Frame {
  wide: number;
  high: number;
}

/** What a detector sees of a picture: two maps, channel by channel, row by row. */
export interface PlaceMaps {
  frame: Frame;
  /** `fineChannels × PLACES × PLACES`. */
  fine: Float32Array;
  /** `coarseChannels × PLACES/2 × PLACES/2`. */
  coarse: Float32Array;
}

/** The frame of a picture with those sides in pixels. */
export function frameOf({ width, height }: { width: number; height: number }): Frame {
  const longer = Math.max(width, height);
  return { wide: (PLACES * width) / longer, high: (PLACES * height) / longer };
}

/** Puts the maps of a square together: the finest one is averaged down to the places and joins the next one. */
export function placeMaps({ map8, map16, map32 }: FeatureMaps, frame: Frame): PlaceMaps {
  const area = PLACES * PLACES;
  const fine = new Float32Array((map16.channels + map8.channels) * area);
  fine.set(map16.data, 0);
  for (let channel = 0; channel < map8.channels; channel += 1) {
    const plane = map8.data.subarray(channel * area * 4, (channel + 1) * area * 4);
    halve(plane, fine.subarray((map16.channels + channel) * area, (map16.channels + channel + 1) * area));
  }
  return { frame, fine, coarse: map32.data };
}

/** Means of 2 × 2 numbers. */
function halve(plane: Float32Array, into: Float32Array): void {
  const line = PLACES * 2;
  for (let i = 0; i < into.length; i += 1) {
    const at = Math.floor(i / PLACES) * 2 * line + (i % PLACES) * 2;
    const upper = (plane[at] ?? 0) + (plane[at + 1] ?? 0);
    into[i] = (upper + (plane[at + line] ?? 0) + (plane[at + line + 1] ?? 0)) / 4;
  }
}

/** Positions of the places whose middle lies in the picture, row by row. */
export function placesInside({ wide, high }: Frame): number[] {
  return Array.from({ length: PLACES * PLACES }, (_, place) => place).filter((place) => {
    const { x, y } = middleOf(place);
    return x <= wide && y <= high;
  });
}

/** The middle of a place, in places. */
export function middleOf(place: number): { x: number; y: number } {
  return { x: (place % PLACES) + 0.5, y: Math.floor(place / PLACES) + 0.5 };
}
