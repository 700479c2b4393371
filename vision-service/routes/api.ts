import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { ERROR_CODE_HEADER, ErrorEnvelopeSchema, KEY_HEADER, MOUNT_POINT } from '../../vision/contract.ts';
import { type BodyReader, type BodySchema, problemsOf } from './body.ts';
import { invalidRequest } from './errors.ts';
import { parseQuery } from './query.ts';

/** One operation of the contract: what parses its requests is also what the OpenAPI document says of it. */
export interface Operation<Params, Query, Body> {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** Path below the mount point, parameters in braces; the last part may end in `:verb`. */
  path: string;
  id: string;
  tag: string;
  summary: string;
  params?: z.ZodObject & z.ZodType<Params>;
  query: z.ZodObject & z.ZodType<Query>;
  /** Headers of the request that the handler reads. */
  headers?: z.ZodObject;
  body?: BodyReader<Body>;
  answer: { status: number; description: string; schema?: BodySchema; type?: string };
  /** Statuses of the errors that this operation has beside 400 and 401. */
  errors?: number[];
  /** Older paths of the same operation that are taken but not told. */
  alsoAt?: string[];
}

/** What a handler gets, parsed. */
export interface Parsed<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
}

type Answer = Response | Promise<Response>;

/** The operations of the contract, routed by Hono and described by one OpenAPI document. */
export class Api {
  readonly hono = new OpenAPIHono();
  readonly #paths = new Map<string, { pattern: RegExp; methods: string[] }>();

  /** Adds an operation; `handle` is called with what its schemas made of the request. */
  add<Params, Query, Body>(
    operation: Operation<Params, Query, Body>,
    handle: (c: Context, parsed: Parsed<Params, Query, Body>) => Answer,
  ): void {
    this.hono.openAPIRegistry.registerPath(described(operation));
    for (const path of [operation.path, ...(operation.alsoAt ?? [])]) {
      this.#remember(path, operation.method.toUpperCase());
      this.hono.on(operation.method, honoPath(path), (c) => answered(c, operation, handle));
    }
  }

  /** Template and methods of the path that an address below the mount point names. */
  match(pathname: string): { path: string; methods: string[] } | undefined {
    for (const [path, { pattern, methods }] of this.#paths) if (pattern.test(pathname)) return { path, methods };
    return undefined;
  }

  /** The OpenAPI 3.1 document of all operations. */
  document(version: string) {
    this.hono.openAPIRegistry.registerComponent('securitySchemes', 'key', {
      type: 'apiKey',
      in: 'header',
      name: KEY_HEADER,
    });
    return this.hono.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'deltaloop vision service', version, description: INTRODUCTION },
      servers: [{ url: MOUNT_POINT }],
      security: [{ key: [] }],
    });
  }

  #remember(path: string, method: string): void {
    const known = this.#paths.get(path) ?? { pattern: patternOf(path), methods: [] };
    known.methods.push(method, ...(method === 'GET' ? ['HEAD'] : []));
    this.#paths.set(path, known);
  }
}

const INTRODUCTION =
  'Registers datasets of labelled images, trains models on them, measures them and predicts. Training and evaluation take their time: create, then get until the status says that it has ended.';

async function answered<Params, Query, Body>(
  c: Context,
  operation: Operation<Params, Query, Body>,
  handle: (c: Context, parsed: Parsed<Params, Query, Body>) => Answer,
): Promise<Response> {
  const afterwards: (() => void)[] = [];
  try {
    const query = parseQuery(c, operation.query);
    const params = paramsOf(c, operation.params);
    checkHeaders(c, operation.headers);
    // An operation without a body or parameters has a handler that does not look at them.
    const body = (await operation.body?.read(c, afterwards)) as Body;
    return await handle(c, { params, query, body });
  } finally {
    for (const release of afterwards) release();
  }
}

/** The parameters of the path, without the verb that the last one may carry. Throws 400 when one is no name. */
function paramsOf<Params>(c: Context, schema: (z.ZodObject & z.ZodType<Params>) | undefined): Params {
  const raw: Record<string, string> = c.req.param();
  const values = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.replace(VERB, '')]));
  const parsed = (schema ?? z.object({})).safeParse(values);
  if (parsed.success) return parsed.data as Params;
  throw invalidRequest(`The name in the path: ${problemsOf(parsed.error, 'path')}`, 'BadArgument');
}

function checkHeaders(c: Context, schema: z.ZodObject | undefined): void {
  if (schema === undefined) return;
  const parsed = schema.safeParse(
    Object.fromEntries(Object.keys(schema.shape).map((name) => [name, c.req.header(name)])),
  );
  if (!parsed.success)
    throw invalidRequest(`A header does not fit: ${problemsOf(parsed.error, 'header')}`, 'BadArgument');
}

const VERB = /:[a-z]+$/;

/** `/models/{name}:cancel` as `/models/:name{[^/:]+:cancel}`; a name without a verb has no colon. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}(:[a-z]+)?/g, (_, name: string, verb: string | undefined) =>
    verb === undefined ? `:${name}{[^/:]+}` : `:${name}{[^/:]+${verb}}`,
  );
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/:]+')}$`);
}

function described<Params, Query, Body>(operation: Operation<Params, Query, Body>): RouteConfig {
  const { method, path, id, tag, summary, params, query, headers, body, answer, errors = [] } = operation;
  const { status, description, schema, type = 'application/json' } = answer;
  const failures = [400, 401, ...errors, ...(body === undefined ? [] : [413, 415])].map((code) => [code, error(code)]);
  const content = schema === undefined ? {} : { content: { [type]: { schema } } };
  return {
    method,
    path,
    operationId: id,
    tags: [tag],
    summary,
    request: {
      query,
      ...(params === undefined ? {} : { params }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: { required: true, content: body.content } }),
    },
    responses: { [status]: { description, ...content }, ...Object.fromEntries(failures), default: error() },
  };
}

function error(status?: number) {
  return {
    description: (status === undefined ? undefined : ERROR_TEXTS[status]) ?? 'Any other error',
    headers: z.object({ [ERROR_CODE_HEADER]: z.string().meta({ description: 'The code of the envelope' }) }),
    content: { 'application/json': { schema: ErrorEnvelopeSchema } },
  };
}

const ERROR_TEXTS: Record<number, string> = {
  400: 'The request does not fit the contract',
  401: 'The key is missing or wrong',
  404: 'There is nothing of that name',
  409: 'The name is taken',
  412: 'The dataset is not the version that If-Match names',
  413: 'The body is too large',
  415: 'The content type is not taken here',
  429: 'Too many images wait for their predictions',
};
