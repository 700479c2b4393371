/** A vision service answered with a status outside 2xx. Holds neither the key nor a query string. */
export class VisionHttpError extends Error {
  override readonly name = 'VisionHttpError';
  readonly status: number;
  /** The envelope's code, else the `x-ms-error-code` header, else `HTTP_<status>`. */
  readonly code: string;
  readonly method: string;
  readonly path: string;
  /** What the service itself said, cut to 500 characters. */
  readonly serviceMessage: string;
  readonly retryAfterMs?: number;

  constructor(answer: VisionHttpAnswer) {
    super(`${answer.method} ${answer.path} answered ${statusAndCode(answer)}: ${answer.serviceMessage}`);
    this.status = answer.status;
    this.code = answer.code;
    this.method = answer.method;
    this.path = answer.path;
    this.serviceMessage = answer.serviceMessage;
    if (answer.retryAfterMs !== undefined) this.retryAfterMs = answer.retryAfterMs;
  }
}

/** Some services send the status again as the code. */
function statusAndCode({ status, code }: VisionHttpAnswer): string {
  return code === String(status) || code === `HTTP_${status}` ? String(status) : `${status} ${code}`;
}

/** The parts of an error answer that are kept. `path` has no query; `retryAfterMs` is from now. */
export interface VisionHttpAnswer {
  status: number;
  code: string;
  method: string;
  path: string;
  serviceMessage: string;
  retryAfterMs?: number | undefined;
}

/** No whole answer came: refused, reset, cut off, or later than the timeout. */
export class VisionConnectionError extends Error {
  override readonly name = 'VisionConnectionError';
  readonly method: string;
  readonly path: string;
  /** System code such as `ECONNREFUSED`, or `TIMEOUT`. */
  readonly code: string;

  constructor(failure: { method: string; path: string; origin: string; code: string }) {
    super(`${failure.method} ${failure.path} at ${failure.origin} brought no whole answer (${failure.code})`);
    this.method = failure.method;
    this.path = failure.path;
    this.code = failure.code;
  }
}

/** A successful answer whose body does not fit the contract. */
export class VisionContractError extends Error {
  override readonly name = 'VisionContractError';
  readonly method: string;
  readonly path: string;
  readonly status: number;

  constructor(mismatch: { method: string; path: string; status: number; reason: string }) {
    const { method, path, status, reason } = mismatch;
    super(`${method} ${path} answered ${status} with something that does not fit the contract: ${reason}`);
    this.status = status;
    this.method = mismatch.method;
    this.path = mismatch.path;
  }
}
