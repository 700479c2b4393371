import type { DatasetRequest } from '../../vision/contract.ts';
import { leadsTo, mayCarry, originsOf, sasTokenOf, sasTokenProblem } from '../data-access/credentials.ts';
import type { AccessRules } from '../data-access/source.ts';
import type { ReadableDataset, StoredDataset } from '../store/datasets.ts';
import { invalidRequest } from './errors.ts';

/** How a dataset is read: the part that is answered, and the secret that never is. */
export interface Authentication {
  authentication: StoredDataset['authentication'];
  sasToken: string | undefined;
}

/** What a request says about authentication, the URIs that it is for, and what was stored before. */
export interface AuthenticationRequest {
  request: DatasetRequest['authentication'];
  uris: readonly string[];
  current: ReadableDataset | undefined;
}

/**
 * Checks and normalises the authentication of a dataset. Without a word about it a dataset keeps what it has. A token
 * stays as long as no file of the dataset moves to another host: it must not be sent where its owner never meant it to go.
 *
 * @throws {ApiError} 400 for a missing or impossible token, or an identity that this service has not got or may not use there
 */
export function authenticationOf(given: AuthenticationRequest, access: AccessRules): Authentication {
  const { current } = given;
  const kind = given.request?.kind ?? current?.dataset.authentication.kind ?? 'none';
  if (kind === 'managedIdentity') requireIdentity(originsOf(given.uris), access);
  return { authentication: { kind }, sasToken: kind === 'sas' ? tokenOf(given) : undefined };
}

function tokenOf({ request, uris, current }: AuthenticationRequest): string | undefined {
  if (request?.sasToken !== undefined) return checkedToken(request.sasToken);
  const origins = originsOf(uris);
  const kept = current?.sasToken;
  if (kept === undefined && origins.length === 0) return undefined;
  if (kept === undefined) throw badToken('is missing; give the query of the SAS URL');
  const known = originsOf(current?.dataset.annotationFileUris ?? []);
  const moved = origins.filter((origin) => !known.some((from) => leadsTo(from, new URL(origin))));
  if (moved.length === 0) return kept;
  throw badToken(`is missing: the token that is kept was given for other hosts than ${moved.join(', ')}`);
}

function checkedToken(text: string): string {
  const token = sasTokenOf(text);
  const problem = sasTokenProblem(token);
  if (problem !== undefined) throw badToken(problem);
  return token;
}

/** A file of this machine needs no identity; an http(s) URI would be read without it. */
function requireIdentity(origins: readonly string[], access: AccessRules): void {
  if (origins.length === 0) return;
  if (access.managedIdentity !== true) {
    throw invalidRequest(
      'This service has no managed identity for http(s) URIs. Start it with DELTALOOP_VISION_MANAGED_IDENTITY=1 on a machine that has one, or use sas or none.',
      'NotSupportedAuthentication',
    );
  }
  const credential = { kind: 'managedIdentity' as const, origins: access.credentialOrigins ?? [] };
  const foreign = origins.filter((origin) => !mayCarry(new URL(origin), credential));
  if (foreign.length === 0) return;
  throw invalidRequest(
    `The managed identity is shown to Azure Blob Storage over https only, not to ${foreign.join(', ')}. List such an origin in DELTALOOP_VISION_CREDENTIAL_HOSTS, or use sas or none.`,
    'NotSupportedAuthentication',
  );
}

function badToken(problem: string) {
  return invalidRequest(`authentication.sasToken ${problem}.`, 'BadArgument');
}
