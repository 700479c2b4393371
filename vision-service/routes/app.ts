import { createHash, timingSafeEqual } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { type Context, Hono, type Next } from 'hono';
import { KEY_HEADER, MOUNT_POINT } from '../../vision/contract.ts';
import { readLedger } from '../ledger.ts';
import { TaskAborted } from '../queue/compute-lane.ts';
import { addAnalyzeRoute } from './analyze.ts';
import { addDatasetRoutes } from './datasets.ts';
import { ApiError, errorAnswer } from './errors.ts';
import { addEvaluationRoutes } from './evaluations.ts';
import { addModelRoutes } from './models.ts';
import type { ServiceParts } from './parts.ts';
import { apiVersionOf } from './request.ts';

const OPENAPI_PATH = '/openapi.json';

/**
 * The whole service as one fetch function: the contract below `/computervision`, its OpenAPI document and `/health`
 * without a key, `/ledger` with one.
 */
export function createApp(parts: ServiceParts): (request: Request) => Response | Promise<Response> {
  const root = new Hono({ strict: false });
  root.get('/health', (c) => c.json({ status: 'ok' }));
  root.use('/ledger', requireKey(parts.key));
  root.get('/ledger', (c) => c.json({ value: readLedger(parts.db) }));
  root.route(MOUNT_POINT, createApi(parts));
  root.notFound((c) => errorAnswer(c, new ApiError(404, { code: 'NotFound', message: 'There is no such route.' })));
  root.onError((error, c) => errorAnswer(c, asApiError(error, parts)));
  return (request) => root.fetch(withoutDoubleSlashes(request));
}

function createApi(parts: ServiceParts): OpenAPIHono {
  const api = new OpenAPIHono();
  api.get(OPENAPI_PATH, (c) => c.json(documentOf(api)));
  api.use(requireKey(parts.key));
  api.use(async (c, next) => {
    apiVersionOf(c);
    await next();
  });
  addDatasetRoutes(api, parts);
  addModelRoutes(api, parts);
  addEvaluationRoutes(api, parts);
  addAnalyzeRoute(api, parts);
  return api;
}

function documentOf(api: OpenAPIHono) {
  api.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'apiKey', in: 'header', name: KEY_HEADER });
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'deltaloop vision service', version: '2023-04-01-preview' },
    servers: [{ url: MOUNT_POINT }],
    security: [{ key: [] }],
  });
}

/** Compares digests, so that the time taken tells neither the key's length nor its beginning. */
function requireKey(key: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(key);
  return async (c: Context, next: Next) => {
    if (timingSafeEqual(digest(c.req.header(KEY_HEADER) ?? ''), expected)) return next();
    throw new ApiError(401, { code: '401', message: `Access denied: the header ${KEY_HEADER} is missing or wrong.` });
  };
}

function asApiError(error: Error, { log }: ServiceParts): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TaskAborted) {
    return new ApiError(503, {
      code: 'ServiceUnavailable',
      message: 'The request was stopped before it was answered.',
    });
  }
  log.error({ err: error }, 'a request failed by a fault of the service');
  return new ApiError(500, { code: 'InternalServerError', message: 'The service failed; its log has the cause.' });
}

/** Published clients build paths such as `/computervision//models`. */
function withoutDoubleSlashes(request: Request): Request {
  const url = new URL(request.url);
  if (!url.pathname.includes('//')) return request;
  url.pathname = url.pathname.replaceAll(/\/{2,}/g, '/');
  return new Request(url, request);
}
