import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { ERROR_CODE_HEADER } from '../../vision/contract.ts';
import type { FaultPlan } from './plan.ts';
import type { Fault } from './schema.ts';

/** The service as one function from requests to answers. */
export type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/** Puts the faults of a plan between the callers and the service. */
export function withFaults(fetch: Fetch, plan: FaultPlan): Fetch {
  return async (request, env) => {
    const { pathname, searchParams } = new URL(request.url);
    const model = /\/(?:models|productrecognition)\/([^/:]+)/.exec(pathname)?.[1] ?? searchParams.get('model-name');
    const fault = plan.forRequest({ method: request.method, path: pathname, model: model ?? undefined });
    if (fault === undefined) return fetch(request, env);
    return faulty(fault, { env, answer: async () => fetch(request, env) });
  };
}

async function faulty(
  fault: Fault,
  { env, answer }: { env: HttpBindings; answer: () => Promise<Response> },
): Promise<Response> {
  switch (fault.kind) {
    case 'latency':
      await sleep(fault.ms);
      return answer();
    case 'throttle':
      return envelope(429, 'TooManyRequests', { 'retry-after': String(fault.retryAfterSeconds) });
    case 'error':
      return envelope(fault.status, 'InternalServerError');
    case 'reset':
      if (fault.when === 'after') await answer();
      env.incoming.socket.resetAndDestroy();
      return new Response(null);
    case 'truncate':
      return cut(await answer());
    case 'failure':
      return answer();
  }
}

function envelope(status: number, code: string, headers: Record<string, string> = {}): Response {
  const error = { code, message: 'A fault on demand.' };
  return Response.json({ error }, { status, headers: { [ERROR_CODE_HEADER]: code, ...headers } });
}

async function cut(response: Response): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  return new Response(text.slice(0, Math.floor(text.length / 2)), { status: response.status, headers });
}
