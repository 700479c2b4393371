import type { FeatureMaps } from './feature-maps.ts';

/** What the calls of a backbone have in common. */
export interface BackboneOptions {
  signal?: AbortSignal;
}

/**
 * A frozen function from an image to a vector of features, and to maps of features; heads and detectors are trained on top of
 * it. A _square_ is `side × side × 3` RGB bytes, row by row; see `decode.ts` for how images become squares.
 */
export interface Backbone {
  readonly name: string;
  /** SHA-256 of the weights and the preprocessing: equal hashes give equal features, so it keys the cache. */
  readonly hash: string;
  /** Length of a feature vector. */
  readonly dimensions: number;
  /** Side in pixels of the square that `embed` stretches an image to. */
  readonly side: number;
  /** Side in pixels of the squares that `embedSquares` takes: less than `side` where a part needs less detail than a picture. */
  readonly cropSide: number;
  /**
   * Feature vectors of encoded images (PNG, JPEG, …), in their order.
   *
   * @throws {UndecodableImagesError} naming every image of the batch that cannot be decoded
   * @throws the signal's reason once it is aborted
   */
  embed(images: readonly Uint8Array[], options?: BackboneOptions): Promise<Float32Array[]>;
  /** Feature vectors of squares of the side `cropSide`, such as parts of a picture, in their order. Throws RangeError for another side. */
  embedSquares(squares: readonly Uint8Array[], options?: BackboneOptions): Promise<Float32Array[]>;
  /**
   * Feature maps of squares, in their order. A backbone that has no maps of its own gives those of `classical`.
   *
   * @param side pixels, a multiple of 32
   */
  featureMaps(squares: readonly Uint8Array[], side: number, options?: BackboneOptions): Promise<FeatureMaps[]>;
  close(): Promise<void>;
}
