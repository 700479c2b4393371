import { request as http, type RequestOptions } from 'node:http';
import { request as https } from 'node:https';

/** Where a worker tells people of notices; from its settings alone. */
export interface Webhook {
  url: string;
  secret: Uint8Array;
  /** Root of the Temporal UI, for links; null where it is not known. */
  ui: string | null;
  /** Certificate that is trusted beside the usual ones, PEM. */
  ca?: string;
}

export interface Answered {
  status: number;
  /** As the receiver asked, milliseconds; undefined where it did not. */
  retryAfterMs: number | undefined;
}

const LONGEST_MS = 15_000;
/** Bytes; a connection whose answer is longer is not used again. */
const LONGEST_BODY = 64 * 1024;

/** Posts a body; follows no redirect and reads no answer but its status. @throws Error without the address when nothing answered. */
export async function post(
  { url, ca }: Webhook,
  { headers, body, signal }: { headers: Record<string, string>; body: string; signal: AbortSignal },
): Promise<Answered> {
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    ...(ca !== undefined && { ca }),
  };
  const answered = Promise.withResolvers<Answered>();
  const sending = open(url, options)
    .on('response', (response) => {
      // What it says beside its status is read by nobody, whole or cut off; a long answer is not waited for.
      let left = LONGEST_BODY;
      response
        .on('error', () => undefined)
        .on('data', (piece: Buffer) => {
          left -= piece.length;
          if (left < 0) response.destroy();
        });
      const seconds = Number(response.headers['retry-after']);
      const retryAfterMs = seconds > 0 ? Math.ceil(seconds * 1000) : undefined;
      answered.resolve({ status: response.statusCode ?? 0, retryAfterMs });
    })
    .on('error', (error: NodeJS.ErrnoException) => {
      answered.reject(signal.aborted ? error : new Error(`no answer (${error.code ?? error.name})`));
    });
  sending.end(body);
  return answered.promise;
}

function open(url: string, options: RequestOptions) {
  return url.startsWith('https:') ? https(url, options) : http(url, options);
}
