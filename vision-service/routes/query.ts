import type { Context } from 'hono';
import { z } from 'zod';
import { API_VERSIONS, DEFAULT_API_VERSION } from '../../vision/contract.ts';
import type { Page, PageRequest } from '../store/page.ts';
import { problemsOf } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';

/** Versions that know Product-Recognizer and its runs. */
const PRODUCT_VERSIONS = API_VERSIONS.slice(1);

const VERSION = { description: 'Version of the contract', example: DEFAULT_API_VERSION };

/** The query value that every route takes. */
export const VersionQuery = z.object({
  'api-version': z.enum(API_VERSIONS).meta(VERSION),
});

/** `api-version` of the routes that came with Product-Recognizer (UnifiedVision, 2023-04-01-preview). */
export const ProductVersionQuery = z.object({
  'api-version': z.enum(PRODUCT_VERSIONS).meta(VERSION),
});

const digits = (value: unknown) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value);

/**
 * `skip` and `top` of a list.
 *
 * @param usual how many items an answer has if the caller does not say
 * @param most how many it may have
 */
export function pageShape(usual: number, most: number) {
  return {
    skip: z
      .preprocess(digits, z.int().min(0).max(2_147_483_647))
      .default(0)
      .meta({ description: 'Items left out before the first one' }),
    top: z
      .preprocess(digits, z.int().min(1).max(most))
      .default(usual)
      .meta({ description: 'Most items of one answer' }),
  };
}

const PAGE = pageShape(10, 30);

/** `skip` and `top` of the lists (UnifiedVision, 2023-04-01-preview). */
export const PageQuery = VersionQuery.extend(PAGE);
export const ProductPageQuery = ProductVersionQuery.extend(PAGE);

/** The key as a query value, which the gateway of the hosted service took as well. */
const KEY_NAME = 'subscription-key';

/** The key of a request that brings it in its query. */
export function keyInQuery(c: Context): string | undefined {
  return queryValues(c).get(KEY_NAME);
}

/** The query values by name in lower case, as names are taken in any casing; the first of several counts. */
function queryValues(c: Context): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URL(c.req.url).searchParams) {
    const key = name.toLowerCase();
    if (!values.has(key)) values.set(key, value);
  }
  return values;
}

/**
 * The query of a request, as its schema reads it.
 *
 * @throws {ApiError} 400, with the contract's own codes for `api-version`
 */
export function parseQuery<T>(c: Context, schema: z.ZodType<T>): T {
  const values = queryValues(c);
  const parsed = schema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path }) => path[0]);
  if (wrong.includes('api-version')) throw versionError(values, schema);
  const code = wrong.includes('features') ? 'NotSupportedVisualFeature' : 'BadArgument';
  throw invalidRequest(`The query does not fit: ${problemsOf(parsed.error, 'query')}`, code);
}

function versionError(values: ReadonlyMap<string, string>, schema: z.ZodType): ApiError {
  const given = values.get('api-version');
  const known = API_VERSIONS.filter((version) => {
    const parsed = schema.safeParse({ ...Object.fromEntries(values), 'api-version': version });
    return parsed.success || !parsed.error.issues.some(({ path }) => path[0] === 'api-version');
  });
  const hint = `This route has the versions ${known.join(', ')}.`;
  if (given === undefined || given === '') {
    return new ApiError(400, { code: 'MissingApiVersionParameter', message: `api-version is missing. ${hint}` });
  }
  return new ApiError(400, { code: 'UnsupportedApiVersionValue', message: `api-version is not known here. ${hint}` });
}

/** A page as the contract answers it, with a link to the next one where more follows. */
export function pageAnswer<T>(c: Context, page: Page<T>, request: PageRequest) {
  if (!page.more) return { value: page.items };
  const next = publicUrl(c);
  for (const name of new URL(next).searchParams.keys()) {
    if ([KEY_NAME, 'skip', 'top'].includes(name.toLowerCase())) next.searchParams.delete(name);
  }
  next.searchParams.set('skip', String(request.skip + request.top));
  next.searchParams.set('top', String(request.top));
  return { value: page.items, nextLink: next.href };
}

/** The address as the caller typed it, also behind a proxy that says so. */
function publicUrl(c: Context): URL {
  const url = new URL(c.req.url);
  const host = c.req.header('x-forwarded-host');
  const protocol = c.req.header('x-forwarded-proto');
  if (host !== undefined && /^[\w.-]+(:\d{1,5})?$/.test(host)) {
    url.port = '';
    url.host = host;
  }
  if (protocol === 'http' || protocol === 'https') url.protocol = protocol;
  return url;
}
