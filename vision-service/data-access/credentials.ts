/** How the http(s) URIs of a dataset are read. Made for one task; it holds a secret and is never shown or logged. */
export type Credential =
  | { kind: 'sas'; token: string; origins: readonly string[] }
  | { kind: 'managedIdentity'; origins: readonly string[] };

/** What a dataset says about how it is read. */
interface Signed {
  kind: 'none' | 'sas' | 'managedIdentity';
  uris: readonly string[];
  sasToken: string | undefined;
}

/** What signs the reading of a dataset. A SAS token may go to the origins of the dataset's own files. */
export function credentialOf({ kind, uris, sasToken }: Signed): Credential | undefined {
  if (kind === 'managedIdentity') return { kind, origins: [] };
  if (kind !== 'sas' || sasToken === undefined) return undefined;
  return { kind, token: sasToken, origins: originsOf(uris) };
}

/** The origins of those URIs that are http(s), each once. */
export function originsOf(uris: readonly string[]): string[] {
  const remote = uris.flatMap((uri) => URL.parse(uri) ?? []).filter(({ protocol }) => protocol !== 'file:');
  return [...new Set(remote.map(({ origin }) => origin))];
}

/** The credential, which may also go to the origins that the service's owner trusts. */
export function trusting(credential: Credential | undefined, trusted: readonly string[]): Credential | undefined {
  return credential && { ...credential, origins: [...credential.origins, ...trusted] };
}

const MAX_TOKEN_LENGTH = 4096;

/** Endpoints of Azure Blob Storage in all its clouds (its documentation, "storage account endpoints"). */
const BLOB_HOST =
  /^[a-z0-9-]+(\.z\d{1,3})?\.blob\.(core\.windows\.net|storage\.azure\.net|core\.chinacloudapi\.cn|core\.usgovcloudapi\.net)$/;

/** A SAS token as it is kept: without the question mark that portals put before it. */
export function sasTokenOf(text: string): string {
  return text.trim().replace(/^[?&]+/, '');
}

/** Why a text cannot be a SAS token, as the rest of a sentence that does not repeat it; undefined when it can. */
export function sasTokenProblem(token: string): string | undefined {
  if (token === '') return 'is missing or empty';
  if (token.length > MAX_TOKEN_LENGTH) return `has more than ${MAX_TOKEN_LENGTH} characters`;
  if (URL.canParse(token)) return 'is a whole URL; give only what follows its question mark';
  return /^[\x21\x22\x24-\x7e]+$/.test(token) ? undefined : 'has characters that a query cannot have';
}

/**
 * The URL to ask for: with the SAS token where the token may go. It goes to the origins of the credential and to their
 * https form. A URL that brings a signature of its own keeps that one.
 */
export function signedUrl(url: URL, credential: Credential | undefined): URL {
  if (credential?.kind !== 'sas' || !mayCarry(url, credential) || url.searchParams.has('sig')) return url;
  const signed = new URL(url);
  signed.search = url.search === '' ? `?${credential.token}` : `${url.search}&${credential.token}`;
  return signed;
}

/**
 * Whether a credential may be sent with a request for this URL. A SAS token goes to the credential's origins only; a
 * bearer token goes to Azure Blob Storage over https besides.
 */
export function mayCarry(url: URL, credential: Credential): boolean {
  if (credential.kind === 'managedIdentity' && url.protocol === 'https:' && BLOB_HOST.test(url.host)) return true;
  return credential.origins.some((origin) => leadsTo(origin, url));
}

/** Whether a URL stays at an origin, or at its https form. */
export function leadsTo(origin: string, url: URL): boolean {
  return url.origin === origin || (url.protocol === 'https:' && origin === `http://${url.host}`);
}

/** The same URL without whatever it has in common with the credential's token. */
export function withoutToken(url: URL, credential: Credential | undefined): URL {
  if (credential?.kind !== 'sas') return url;
  const clean = new URL(url);
  for (const [name, value] of new URLSearchParams(credential.token)) clean.searchParams.delete(name, value);
  return clean;
}
