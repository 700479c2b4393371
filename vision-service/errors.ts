/** The service cannot start; the message says why and what to do, and is all that a person needs to see. */
export class ServiceStartError extends Error {
  override readonly name = 'ServiceStartError';
}
