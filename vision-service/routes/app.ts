import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono, type Next } from 'hono';
import packageFile from '../../package.json' with { type: 'json' };
import { DEFAULT_API_VERSION, KEY_HEADER, MOUNT_POINT } from '../../vision/contract.ts';
import { TaskAborted } from '../queue/compute-lane.ts';
import { addAnalyzeRoute } from './analyze.ts';
import { Api } from './api.ts';
import { addDatasetRoutes } from './datasets.ts';
import { docsPage } from './docs-page.ts';
import { ApiError, errorAnswer } from './errors.ts';
import { addEvaluationRoutes } from './evaluations.ts';
import { addExportRoute } from './export.ts';
import { ledgerRoute } from './ledger.ts';
import { addModelRoutes } from './models.ts';
import type { ServiceParts } from './parts.ts';
import { keyInQuery } from './query.ts';
import { addRecognitionRoutes } from './recognitions.ts';

/** Routes beside the contract, by path. */
const OTHER_ROUTES = ['/', '/health', '/metrics', '/ledger', `${MOUNT_POINT}/openapi.json`, `${MOUNT_POINT}/docs`];

/**
 * The whole service as one fetch function: the contract below `/computervision` and `/ledger` with a key; the OpenAPI
 * document, the page that shows it, `/health` and `/metrics` without one.
 */
export function createApp(parts: ServiceParts): (request: Request) => Response | Promise<Response> {
  const api = createApi(parts);
  const root = new Hono({ strict: false });
  root.use(observed(api, parts));
  root.get('/', (c) => c.redirect(`${MOUNT_POINT}/docs`));
  root.get('/health', (c) => c.json(health(parts)));
  root.get('/metrics', async (c) => {
    return c.body(await parts.telemetry.expose(), 200, { 'content-type': parts.telemetry.contentType });
  });
  root.use('/ledger', requireKey(parts.key));
  root.get('/ledger', (c) => ledgerRoute(c, parts));
  const document = api.document(DEFAULT_API_VERSION);
  root.get(`${MOUNT_POINT}/openapi.json`, (c) => c.json(document));
  root.route(MOUNT_POINT, docsPage());
  root.use(`${MOUNT_POINT}/*`, requireKey(parts.key));
  root.route(MOUNT_POINT, api.hono);
  root.notFound((c) => withoutRoute(c, api));
  root.onError((error, c) => errorAnswer(c, asApiError(error, parts)));
  return (request) => root.fetch(withPlainPath(request));
}

function createApi(parts: ServiceParts): Api {
  const api = new Api();
  addDatasetRoutes(api, parts);
  addModelRoutes(api, parts);
  addExportRoute(api, parts);
  addEvaluationRoutes(api, parts);
  addAnalyzeRoute(api, parts);
  addRecognitionRoutes(api, parts);
  return api;
}

function health({ backbone, queueLengths }: ServiceParts) {
  return { status: 'ok', version: packageFile.version, backbone, queues: queueLengths() };
}

/** Counts and times every answer under the template of its route. */
function observed(api: Api, { telemetry, log }: ServiceParts) {
  return async (c: Context, next: Next) => {
    const begun = performance.now();
    await next();
    const path = routeOf(c, api)?.path ?? 'none';
    const { method } = c.req;
    const answered = { method, path, status: c.res.status, seconds: (performance.now() - begun) / 1000 };
    telemetry.answered(answered);
    log.debug(answered, 'answered');
  };
}

function routeOf(c: Context, api: Api): { path: string; methods: string[] } | undefined {
  const { path } = c.req;
  if (OTHER_ROUTES.includes(path)) return { path, methods: ['GET', 'HEAD'] };
  if (!path.startsWith(`${MOUNT_POINT}/`)) return undefined;
  const match = api.match(path.slice(MOUNT_POINT.length));
  return match && { ...match, path: MOUNT_POINT + match.path };
}

/** 404, or for a route that is there 405 (and the answer to OPTIONS) with its methods. */
function withoutRoute(c: Context, api: Api): Response {
  const route = routeOf(c, api);
  if (route === undefined) {
    return errorAnswer(c, new ApiError(404, { code: 'NotFound', message: 'There is no such route.' }));
  }
  const allow = [...route.methods, 'OPTIONS'].join(', ');
  if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
  const message = `This route has the methods ${allow}.`;
  return errorAnswer(c, new ApiError(405, { code: 'MethodNotAllowed', message }, { allow }));
}

/** Compares digests, so that the time taken tells neither the key's length nor its beginning. */
function requireKey(key: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(key);
  return async (c: Context, next: Next) => {
    const given = c.req.header(KEY_HEADER) ?? keyInQuery(c) ?? '';
    if (timingSafeEqual(digest(given), expected)) return next();
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

/** Published clients build paths such as `/computervision//models`, and some encode the colon before a verb. */
function withPlainPath(request: Request): Request {
  const url = new URL(request.url);
  const plain = url.pathname.replaceAll(/\/{2,}/g, '/').replaceAll(/%3a/gi, ':');
  if (plain === url.pathname) return request;
  url.pathname = plain;
  return new Request(url, request);
}
