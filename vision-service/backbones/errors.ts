/** Images that could not be decoded: their positions in the batch and the decoder's words for each. */
export class UndecodableImagesError extends Error {
  override readonly name = 'UndecodableImagesError';
  /** Positions in the batch that was given, ascending, each with the decoder's message. */
  readonly problems: readonly { position: number; message: string }[];

  constructor(problems: readonly { position: number; message: string }[]) {
    const list = problems.map((problem) => `image ${problem.position}: ${problem.message}`).join('; ');
    super(`${problems.length} of the images cannot be decoded: ${list}`);
    this.problems = problems;
  }
}

/** A backbone that cannot be loaded: unknown name, file missing, weights that are not the ones expected. */
export class BackboneError extends Error {
  override readonly name = 'BackboneError';
}
