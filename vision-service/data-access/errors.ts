/** Something at a URI cannot be read, or is not what it should be. The message names the URI without its query. */
export class SourceError extends Error {
  override readonly name: string = 'SourceError';
}

/** A server gave no answer, or one that says "later": worth another try. */
export class TransientSourceError extends SourceError {
  override readonly name = 'TransientSourceError';
  /** How long the server asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A URI as it may be shown: without user, password, query and fragment, which can carry secrets. */
export function shownUri(uri: string): string {
  const url = URL.parse(uri);
  if (url === null) return 'a URI that is not absolute';
  return `${url.protocol}//${url.host}${url.pathname}`;
}
