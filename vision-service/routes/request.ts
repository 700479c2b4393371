import type { Context } from 'hono';
import { z } from 'zod';
import { API_VERSIONS, type ApiVersion, ResourceNameSchema } from '../../vision/contract.ts';
import type { Page, PageRequest } from '../store/page.ts';
import { ApiError, invalidRequest } from './errors.ts';

const MAX_JSON_BYTES = 1024 * 1024;

/** `skip` and `top` of the lists (UnifiedVision, 2023-04-01-preview). */
export const PageQuerySchema = z.object({
  skip: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
  top: z.coerce.number().int().min(1).max(30).default(10),
});

/** Every member name of the request bodies, to take them in any casing, as older clients send them. */
const MEMBERS = [
  'annotationKind',
  'annotationFileUris',
  'customProperties',
  'authentication',
  'kind',
  'sasToken',
  'trainingParameters',
  'trainingDatasetName',
  'timeBudgetInHours',
  'modelKind',
  'evaluationParameters',
  'testDatasetName',
  'url',
];
const CANONICAL = new Map(MEMBERS.map((name) => [name.toLowerCase(), name]));

/** The name in the path. Throws 400 when it is none. */
export function nameOf(c: Context, parameter: string): string {
  const parsed = ResourceNameSchema.safeParse(c.req.param(parameter));
  if (parsed.success) return parsed.data;
  throw invalidRequest(`The name in the path: ${z.prettifyError(parsed.error)}`);
}

/** The JSON body, its members in any casing, `null` as absent. Throws 400 naming everything that does not fit, 413 when too large. */
export async function readJson<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const text = (await readBytes(c, MAX_JSON_BYTES)).toString('utf8');
  const parsed = schema.safeParse(canonicalMembers(parseJson(text)));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw invalidRequest(`The body does not fit: ${problems.join('; ')}`, 'BadArgument');
}

/** The whole body; 413 as soon as more than `max` bytes have come. */
export async function readBytes(c: Context, max: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.length;
    if (bytes > max) {
      throw new ApiError(413, { code: 'RequestEntityTooLarge', message: `The body has more than ${max} bytes.` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest('The body is not JSON.', 'InvalidJSONRequest');
  }
}

function canonicalMembers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(
    members.map(([name, member]) => {
      const canonical = CANONICAL.get(name.toLowerCase()) ?? name;
      // The pairs inside are the caller's own.
      return [canonical, canonical === 'customProperties' ? member : canonicalMembers(member)];
    }),
  );
}

/** The `api-version` of the query. Throws 400 when it is missing or not one of the known versions. */
export function apiVersionOf(c: Context): ApiVersion {
  const given = c.req.query('api-version');
  const known = API_VERSIONS.find((version) => version === given);
  if (known !== undefined) return known;
  const hint = `Known versions: ${API_VERSIONS.join(', ')}.`;
  if (given === undefined) {
    throw new ApiError(400, { code: 'MissingApiVersionParameter', message: `api-version is missing. ${hint}` });
  }
  throw new ApiError(400, { code: 'UnsupportedApiVersionValue', message: `api-version is not known. ${hint}` });
}

/** `skip` and `top` of the query. Throws 400 when they are out of range. */
export function pageOfQuery(c: Context): PageRequest {
  const parsed = PageQuerySchema.safeParse({ skip: c.req.query('skip'), top: c.req.query('top') });
  if (parsed.success) return parsed.data;
  throw invalidRequest(`The query does not fit: ${z.prettifyError(parsed.error)}`, 'BadArgument');
}

/** A page as the contract answers it, with a link to the next one where more follows. */
export function pageAnswer<T>(c: Context, page: Page<T>, request: PageRequest) {
  if (!page.more) return { value: page.items };
  const next = new URL(c.req.url);
  next.searchParams.set('skip', String(request.skip + request.top));
  next.searchParams.set('top', String(request.top));
  return { value: page.items, nextLink: next.href };
}
