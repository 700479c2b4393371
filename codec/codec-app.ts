import type { PayloadCodec } from '@temporalio/common';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { type CodecAccess, isSession, SESSION_SECONDS, sameSecret, sessionValue } from './codec-access.ts';
import { PayloadCodecError } from './errors.ts';
import { PayloadsJsonSchema, payloadsJson, payloadsOf } from './payload-json.ts';
import { PAGE_POLICY, signInPage } from './sign-in-page.ts';

/** Two payloads of Temporal's largest size in base64, and some room. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_FORM_BYTES = 8 * 1024;
const COOKIE = 'deltaloop_codec';

/**
 * The codec endpoint of the Temporal UI and CLI: `POST /decode` and `POST /encode` with payloads in JSON, and a page on
 * which a browser signs in. Nothing of a payload is ever logged, stored, or told in an error.
 */
export function codecApp(codec: PayloadCodec, access: CodecAccess): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
  });
  app.use('/decode', crossOrigin(access));
  app.use('/encode', crossOrigin(access));
  const limited = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => refuse(413, 'The body has more than 8 MiB.') });
  app.post('/decode', limited, (c) => convert(c, access, (payloads) => codec.decode(payloads)));
  app.post('/encode', limited, (c) => convert(c, access, (payloads) => codec.encode(payloads)));
  addSignIn(app, access);
  app.notFound((c) => c.json({ message: 'There is only POST /decode, POST /encode, and the page at /.' }, 404));
  app.onError(told);
  return app;
}

function crossOrigin({ origins }: CodecAccess) {
  return cors({
    origin: [...origins],
    allowMethods: ['POST'],
    allowHeaders: ['authorization', 'content-type', 'x-namespace'],
    credentials: true,
    maxAge: 600,
  });
}

type Convert = (payloads: ReturnType<typeof payloadsOf>) => ReturnType<PayloadCodec['decode']>;

async function convert(c: Context, access: CodecAccess, work: Convert): Promise<Response> {
  requireAllowed(c, access);
  const body = PayloadsJsonSchema.safeParse(await c.req.json().catch(() => undefined));
  if (!body.success) return refuse(400, 'The body is not {"payloads": […]} with metadata and data in base64.');
  return c.json(payloadsJson(await work(payloadsOf(body.data))));
}

/** @throws HTTPException that says who may ask. */
function requireAllowed(c: Context, access: CodecAccess): void {
  const origin = c.req.header('origin');
  if (origin !== undefined && !access.origins.includes(origin)) {
    refuse(403, 'Pages of this origin may not ask; `deltaloop codec --origin` names those that may.');
  }
  const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  // A session counts only together with an origin that was looked at: browsers add cookies to any page's requests.
  const signedIn = origin !== undefined && isSession(getCookie(c, COOKIE), access.token, seconds());
  if (!(bearer !== undefined ? sameSecret(bearer, access.token) : signedIn)) {
    refuse(401, 'Send `Authorization: Bearer` with DELTALOOP_CODEC_TOKEN, or sign in at the page / of this server.');
  }
  if (c.req.header('x-namespace') !== access.namespace) {
    refuse(403, `The header X-Namespace must be ${JSON.stringify(access.namespace)}, the namespace of this server.`);
  }
}

function addSignIn(app: Hono, { token }: CodecAccess): void {
  const limited = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: () => refuse(413, 'The form is too long.') });
  app.get('/', (c) => page(c, isSession(getCookie(c, COOKIE), token, seconds()) ? 'signed-in' : 'signed-out'));
  app.post('/sign-in', limited, async (c) => {
    const { token: given } = await c.req.parseBody();
    if (typeof given !== 'string' || !sameSecret(given.trim(), token)) return page(c, 'refused', 401);
    const secure = new URL(c.req.url).protocol === 'https:';
    const ends = seconds() + SESSION_SECONDS;
    setCookie(c, COOKIE, sessionValue(token, ends), {
      httpOnly: true,
      sameSite: 'Strict',
      secure,
      maxAge: SESSION_SECONDS,
      path: '/',
    });
    return c.redirect('/', 303);
  });
}

function page(c: Context, state: Parameters<typeof signInPage>[0], status: 200 | 401 = 200): Response {
  c.header('content-security-policy', PAGE_POLICY);
  c.header('referrer-policy', 'no-referrer');
  return c.html(signInPage(state), status);
}

/** What a caller is told; an unforeseen error is told as nothing but that. */
function told(error: Error): Response {
  if (error instanceof HTTPException) return error.getResponse();
  if (error instanceof PayloadCodecError) return Response.json({ message: error.message }, { status: 400 });
  return Response.json({ message: 'The codec server failed; nothing was decoded.' }, { status: 500 });
}

function refuse(status: 400 | 401 | 403 | 413, message: string): never {
  throw new HTTPException(status, { res: Response.json({ message }, { status }) });
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
