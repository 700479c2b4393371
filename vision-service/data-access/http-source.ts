import { type Credential, leadsTo, mayCarry, signedUrl, withoutToken } from './credentials.ts';
import { SourceError, shownUri, TransientSourceError } from './errors.ts';
import { type Answer, exchange } from './http-exchange.ts';
import { atHost, HostRestsError, keepQuiet, noteOutcome, quietMs, requireAlive } from './http-hosts.ts';
import { defaultTokens, type StorageTokens } from './managed-identity.ts';
import { type Patience, pause, pauseMs, retryAfterMs } from './patience.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** How much may be read, from where, with what, and how patiently. */
export interface HttpReading {
  maxBytes: number;
  allowPrivate: boolean;
  /** Connections to one host at once. */
  connections: number;
  patience: Patience;
  credential?: Credential | undefined;
  /** Where bearer tokens come from; the machine's own identity if not given. */
  tokens?: StorageTokens | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Downloads an http(s) URL. Answers that say "later" (408, 429, 5xx) and failures of the connection are tried again.
 * A credential goes only where it may (see `mayCarry`), and never along with a redirect to another host.
 *
 * @throws {SourceError} for any other answer but 200, a refused address, too many bytes or redirects, or no whole answer
 * @throws the signal's reason once it is aborted
 */
export async function readHttp(uri: string, reading: HttpReading): Promise<Buffer> {
  const url = new URL(uri);
  for (let attempt = 1; ; attempt++) {
    try {
      const body = await follow(url, reading);
      noteOutcome(url, 'answered', reading.patience);
      return body;
    } catch (error) {
      const ms = error instanceof TransientSourceError ? pauseMs(error, attempt, reading.patience) : undefined;
      if (ms === undefined) throw ended(url, error, { attempt, patience: reading.patience });
      await pause(ms, reading.signal);
    }
  }
}

/** Notes whether a download got an answer, and says how often it was tried. */
function ended(url: URL, error: unknown, run: { attempt: number; patience: Patience }): unknown {
  if (!(error instanceof SourceError) || error instanceof HostRestsError) return error;
  const lost = error instanceof TransientSourceError;
  noteOutcome(url, lost ? 'lost' : 'answered', run.patience);
  return lost && run.attempt > 1 ? new SourceError(`${error.message}, also at try ${run.attempt}`) : error;
}

async function follow(first: URL, reading: HttpReading): Promise<Buffer> {
  let url = first;
  let { credential } = reading;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await ask(url, { ...reading, credential });
    if (answer.status === 200) return answer.body;
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) throw refusedBy(url, answer, reading);
    const target = redirectTarget(location, url);
    // Once it has left the host, a download goes on without the secret, even if it comes back.
    const stays = leadsTo(url.origin, target);
    url = stays ? target : withoutToken(target, credential);
    if (!stays) credential = undefined;
  }
  throw new SourceError(`${shownUri(first.href)} redirects more than ${MAX_REDIRECTS} times`);
}

async function ask(url: URL, reading: HttpReading): Promise<Answer> {
  const { credential, tokens = defaultTokens, ...rest } = reading;
  const bearer = credential?.kind === 'managedIdentity' && mayCarry(url, credential);
  const headers = bearer ? await tokens.headers() : {};
  return atHost(url, reading.connections, async () => {
    requireAlive(url);
    await pause(quietMs(url), reading.signal);
    return exchange({ ...rest, url: signedUrl(url, credential), headers, signal: reading.signal });
  });
}

function redirectTarget(location: string, from: URL): URL {
  const target = URL.parse(location, from.href);
  if (target !== null && (target.protocol === 'http:' || target.protocol === 'https:')) return target;
  throw new SourceError(`${shownUri(from.href)} redirects to something that is not http(s)`);
}

/** The error for an answer that is not the file: its status, the storage's word for it, and why it may be so. */
function refusedBy(url: URL, answer: Answer, reading: HttpReading): SourceError {
  const { status, headers } = answer;
  const word = [headers['x-ms-error-code']].flat()[0] ?? '';
  const code = /^[A-Za-z]{3,64}$/.test(word) ? ` (${word})` : '';
  const message = `${shownUri(url.href)} answered ${status}${code}${withheld(url, status, reading.credential)}`;
  if (status !== 408 && status !== 429 && status < 500) return new SourceError(message);
  const asked = retryAfterMs(headers['retry-after']);
  if (asked !== undefined) keepQuiet(url, Math.min(asked, reading.patience.maxRetryAfterMs));
  return new TransientSourceError(message, asked);
}

function withheld(url: URL, status: number, credential: Credential | undefined): string {
  if (credential === undefined || ![401, 403, 404, 409].includes(status) || mayCarry(url, credential)) return '';
  return `; it was asked without the dataset's credential, which goes to other hosts only if DELTALOOP_VISION_CREDENTIAL_HOSTS lists them`;
}
