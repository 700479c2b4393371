import type { Context } from 'hono';
import { ERROR_CODE_HEADER, type ErrorDetails } from '../../vision/contract.ts';

export type ErrorStatus = 400 | 401 | 404 | 405 | 409 | 412 | 413 | 415 | 429 | 500 | 503;

/** A request that gets an error answer with this status and code. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ErrorStatus;
  readonly details: ErrorDetails;
  /** Further headers of the answer, e.g. `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ErrorStatus, details: ErrorDetails, headers: Readonly<Record<string, string>> = {}) {
    super(details.message);
    this.status = status;
    this.details = details;
    this.headers = headers;
  }
}

/** A request that does not fit the contract: 400 `InvalidRequest`; `inner` is the more exact code where there is one. */
export function invalidRequest(message: string, inner?: string): ApiError {
  const innererror = inner === undefined ? {} : { innererror: { code: inner, message } };
  return new ApiError(400, { code: 'InvalidRequest', message, ...innererror });
}

/** The error envelope of the contract, with its code repeated in `x-ms-error-code`. */
export function errorAnswer(c: Context, error: ApiError): Response {
  c.header(ERROR_CODE_HEADER, error.details.code);
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  return c.json({ error: error.details }, error.status);
}
