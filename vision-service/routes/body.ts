import type { Context } from 'hono';
import { z } from 'zod';
import { ApiError, invalidRequest } from './errors.ts';
import type { InFlightBytes } from './in-flight.ts';
import { canonicalMembers } from './members.ts';

/** What a body is: JSON that fits a schema, or bytes. */
export type BodySchema = z.ZodType | { type: 'string'; format: 'binary' };

/** How an operation takes its body: what the OpenAPI document says of it, and the function that reads it. */
export interface BodyReader<T> {
  content: Record<string, { schema: BodySchema }>;
  /** Reads it; what is pushed on `afterwards` is called once the request is answered. */
  read(c: Context, afterwards: (() => void)[]): Promise<T>;
}

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;
const IMAGE_TYPES = ['octet-stream', 'jpeg', 'png', 'gif', 'bmp', 'tiff'];

/** How many things that do not fit are named one by one. */
const MAX_PROBLEMS = 20;

/**
 * A JSON body. Members may have any casing and `null` counts as absent. Any JSON type is taken, and none at all.
 *
 * @param maxBytes a longer body is refused with 413
 */
export function jsonBody<T>(schema: z.ZodType<T>, maxBytes: number): BodyReader<T> {
  const told = withNulls(schema);
  return {
    content: { 'application/json': { schema: told }, 'application/json-patch+json': { schema: told } },
    read: async (c) => {
      const type = contentType(c);
      if (type !== undefined && !isJson(type)) throw unsupported(type, 'application/json');
      const body = canonicalMembers(parseJson(await readBytes(c, maxBytes), charset(c)));
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      throw invalidRequest(`The body does not fit: ${problemsOf(parsed.error, 'body')}`, 'BadArgument');
    },
  };
}

/**
 * The bytes of an image file. Its declared type is not trusted: what it is, is seen when it is decoded.
 *
 * @param inFlight bounds the bytes of all images that wait at the same time
 */
export function imageBody(maxBytes: number, inFlight: InFlightBytes): BodyReader<Buffer> {
  const types = IMAGE_TYPES.map((type) => (type === 'octet-stream' ? `application/${type}` : `image/${type}`));
  return {
    content: Object.fromEntries(types.map((type) => [type, BINARY])),
    read: async (c, afterwards) => {
      const type = contentType(c);
      if (type !== undefined && !isImage(type)) throw unsupported(type, 'application/octet-stream or image/*');
      afterwards.push(inFlight.claim(Math.min(declaredLength(c) ?? maxBytes, maxBytes)));
      return readBytes(c, maxBytes);
    },
  };
}

/** Either form, told apart by the declared type; none means bytes. */
export function eitherBody<J, B>(json: BodyReader<J>, bytes: BodyReader<B>): BodyReader<J | B> {
  return {
    content: { ...json.content, ...bytes.content },
    read: (c, afterwards) => {
      const type = contentType(c);
      return type !== undefined && isJson(type) ? json.read(c, afterwards) : bytes.read(c, afterwards);
    },
  };
}

/** What does not fit, each with its place; `root` names the whole. */
export function problemsOf(error: z.ZodError, root: string): string {
  const named = error.issues
    .slice(0, MAX_PROBLEMS)
    .map((issue) => `${issue.path.join('.').slice(0, 200) || root}: ${issue.message}`);
  const more = error.issues.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** The schema as the document tells it: what may be left out may also be `null`, which is taken as left out. */
function withNulls(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodObject)) return schema;
  const shape: [string, z.ZodType][] = Object.entries(schema.shape);
  const told = shape.map(([name, member]) => [
    name,
    member instanceof z.ZodOptional ? withNulls(innerOf(member)).nullable().optional() : withNulls(member),
  ]);
  return z.object(Object.fromEntries(told)).meta(schema.meta() ?? {});
}

function innerOf(optional: z.ZodOptional): z.ZodType {
  const inner = optional.unwrap();
  return inner instanceof z.ZodType ? inner : optional;
}

/** The whole body; 413 as soon as more than `max` bytes are declared or have come. */
async function readBytes(c: Context, max: number): Promise<Buffer> {
  if ((declaredLength(c) ?? 0) > max) throw tooLarge(max);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of c.req.raw.body ?? []) {
      bytes += chunk.length;
      if (bytes > max) throw tooLarge(max);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw invalidRequest('The body ended before it was whole.', 'IncompleteBody');
  }
  return Buffer.concat(chunks);
}

function tooLarge(max: number): ApiError {
  return new ApiError(413, { code: 'RequestEntityTooLarge', message: `The body has more than ${max} bytes.` });
}

function declaredLength(c: Context): number | undefined {
  const header = c.req.header('content-length');
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

function contentType(c: Context): string | undefined {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

function charset(c: Context): string {
  return /;\s*charset="?([\w-]+)"?/i.exec(c.req.header('content-type') ?? '')?.[1] ?? 'utf-8';
}

function isJson(type: string): boolean {
  return /^[\w.-]+\/([\w.-]+\+)?json$/.test(type);
}

function isImage(type: string): boolean {
  return type.startsWith('image/') || type === 'application/octet-stream';
}

function unsupported(type: string, wanted: string): ApiError {
  const message = `The content type ${type.slice(0, 100)} is not taken here; send ${wanted}.`;
  return new ApiError(415, { code: 'UnsupportedMediaType', message });
}

function parseJson(bytes: Buffer, encoding: string): unknown {
  try {
    return JSON.parse(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch {
    throw invalidRequest('The body is not JSON.', 'InvalidJSONRequest');
  }
}
