/** Features of places: `channels × rows × columns` numbers, channel by channel, row by row. */
export interface FeatureMap {
  data: Float32Array;
  channels: number;
  rows: number;
  columns: number;
}

/** Maps of one picture with a place for every 8, 16 and 32 pixels. */
export interface FeatureMaps {
  map8: FeatureMap;
  map16: FeatureMap;
  map32: FeatureMap;
}

/** The maps by name, with the pixels between two places. */
export const MAP_STRIDES = { map8: 8, map16: 16, map32: 32 } as const;

/**
 * Throws when squares of that side have no whole number of places in every map.
 *
 * @param side pixels
 */
export function requireMapSide(side: number): void {
  if (Number.isInteger(side / MAP_STRIDES.map32) && side > 0) return;
  throw new RangeError(
    `Feature maps need squares whose side is a multiple of ${MAP_STRIDES.map32} pixels, not ${side}`,
  );
}
