import { type Credential, trusting } from './credentials.ts';
import { SourceError } from './errors.ts';
import { type FileRules, localPath, mayRead, outside, readLocalFile } from './file-source.ts';
import { readHttp } from './http-source.ts';
import type { StorageTokens } from './managed-identity.ts';
import { PATIENCE, type Patience } from './patience.ts';

const CONNECTIONS_PER_HOST = 8;

/** What a service may read. Plain data: compute threads get a copy. */
export interface AccessRules extends FileRules {
  /** Whether http(s) addresses that are not public may be read. */
  allowPrivate: boolean;
  /** Whether datasets may be read with the identity of this machine; no if not given. */
  managedIdentity?: boolean | undefined;
  /** Origins that may get credentials besides those that a dataset's own files name. */
  credentialOrigins?: readonly string[] | undefined;
  /** Connections to one host at once; 8 if not given. */
  connectionsPerHost?: number | undefined;
  patience?: Partial<Patience> | undefined;
}

/** Bounds of one reading, and what signs it. */
export interface ReadOptions {
  maxBytes: number;
  signal?: AbortSignal | undefined;
  credential?: Credential | undefined;
  tokens?: StorageTokens | undefined;
}

/**
 * Reads what a `file:`, `http:` or `https:` URI names, at most `maxBytes`. A credential is for http(s) only.
 *
 * @throws {SourceError} naming the URI (without its query) and why it cannot be read
 * @throws the signal's reason once it is aborted
 */
export async function readSource(uri: string, access: AccessRules, options: ReadOptions): Promise<Buffer> {
  const { protocol } = parseUri(uri);
  if (protocol === 'file:') return readLocalFile(uri, access, options.maxBytes);
  return readHttp(uri, {
    ...options,
    credential: trusting(options.credential, access.credentialOrigins ?? []),
    allowPrivate: access.allowPrivate,
    connections: access.connectionsPerHost ?? CONNECTIONS_PER_HOST,
    patience: { ...PATIENCE, ...access.patience },
  });
}

/** Why a URI can never be read by this service, without touching what it names; undefined when it may be. */
export function uriProblem(uri: string, access: AccessRules): string | undefined {
  try {
    if (parseUri(uri).protocol !== 'file:') return undefined;
    const file = localPath(uri);
    return mayRead(file, access) ? undefined : outside(file).message;
  } catch (error) {
    if (error instanceof SourceError) return error.message;
    throw error;
  }
}

function parseUri(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null) throw new SourceError(`"${uri.slice(0, 200).replace(/\?.*/s, '')}" is not an absolute URI`);
  if (!['file:', 'http:', 'https:'].includes(url.protocol)) {
    throw new SourceError(`URIs of the scheme ${url.protocol} cannot be read; use file:, http: or https:`);
  }
  return url;
}
