/** What one caller may ask of the HTTP server. */
export interface ServiceLimits {
  /** Bytes of a JSON body. */
  maxJsonBytes: number;
  /** Bytes of an image that is sent. */
  maxImageBytes: number;
  /** Bytes of all images that are being received or predicted at once; beyond that callers get 429. */
  maxImageBytesInFlight: number;
  /** Bytes of all headers of a request. */
  maxHeaderBytes: number;
  /** Connections at once; further ones are closed. */
  maxConnections: number;
  /** Seconds within which the headers of a request must have come. */
  headersTimeout: number;
  /** Seconds within which a whole request must have come. */
  requestTimeout: number;
  /** Seconds that an idle connection is kept. */
  keepAliveTimeout: number;
}

const MEGABYTE = 1024 * 1024;

/** What holds when no setting says otherwise. An image may have the 20 MB that the contract gives to one of a dataset. */
export const DEFAULT_LIMITS: Readonly<ServiceLimits> = {
  maxJsonBytes: MEGABYTE,
  maxImageBytes: 20 * MEGABYTE,
  maxImageBytesInFlight: 256 * MEGABYTE,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 256,
  headersTimeout: 15,
  requestTimeout: 120,
  keepAliveTimeout: 30,
};
