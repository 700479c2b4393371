import { SourceError } from './errors.ts';
import { isBelow, localPath, readLocalFile } from './file-source.ts';
import { readHttp } from './http-source.ts';

/** What a service may read. */
export interface AccessRules {
  /** Folders below which file URIs may be read; absolute paths. */
  allowedRoots: readonly string[];
  /** Whether http(s) addresses that are not public may be read. */
  allowPrivate: boolean;
}

/**
 * Reads what a `file:`, `http:` or `https:` URI names, at most `maxBytes`.
 *
 * @throws {SourceError} naming the URI (without its query) and why it cannot be read
 */
export async function readSource(
  uri: string,
  access: AccessRules,
  limits: { maxBytes: number; signal?: AbortSignal | undefined },
): Promise<Buffer> {
  const { protocol } = parseUri(uri);
  if (protocol === 'file:') return readLocalFile(uri, { roots: access.allowedRoots, maxBytes: limits.maxBytes });
  return readHttp(uri, { ...limits, allowPrivate: access.allowPrivate });
}

/** Why a URI can never be read by this service, without touching what it names; undefined when it may be. */
export function uriProblem(uri: string, access: AccessRules): string | undefined {
  try {
    if (parseUri(uri).protocol !== 'file:') return undefined;
    const file = localPath(uri);
    const allowed = access.allowedRoots.some((root) => isBelow(file, root));
    return allowed ? undefined : `${file} lies outside the folders that this service may read`;
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
