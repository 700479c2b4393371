/** A frozen function from an image to a vector of features; heads are trained on top of it. */
export interface Backbone {
  readonly name: string;
  /** SHA-256 of the weights and the preprocessing: equal hashes give equal features, so it keys the cache. */
  readonly hash: string;
  /** Length of a feature vector. */
  readonly dimensions: number;
  /**
   * Feature vectors of encoded images (PNG, JPEG, …), in their order.
   *
   * @throws {UndecodableImagesError} naming every image of the batch that cannot be decoded
   * @throws the signal's reason once it is aborted
   */
  embed(images: readonly Uint8Array[], options?: { signal?: AbortSignal }): Promise<Float32Array[]>;
  close(): Promise<void>;
}
