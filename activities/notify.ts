import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Vital } from './alive.ts';
import { cloudEventOf, signed } from './cloud-event.ts';
import type { ActivityDeps } from './deps.ts';
import type { NotifyInput } from './types.ts';
import { type Answered, post } from './webhook.ts';

/** A receiver that asks for more is tried in between. */
const LONGEST_DELAY_MS = 15 * 60_000;
/** The receiver says that it wants nothing any more. */
const GONE = 410;

/**
 * Tells people of a notice through the worker's webhook; does nothing where it has none.
 * @throws ApplicationFailure, to be tried again, unless the receiver took it (2xx) or is gone for good (410).
 */
export async function notify({ webhook }: ActivityDeps, input: NotifyInput, { signal }: Vital) {
  if (!webhook) return { configured: false };
  const body = JSON.stringify(cloudEventOf(input, pageOf(webhook.ui, input.loop)));
  const headers = {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    ...signed(webhook.secret, { id: input.notice.id, at: Math.floor(Date.now() / 1000), body }),
  };
  const { status, retryAfterMs } = await post(webhook, { headers, body, signal }).catch((error: Error): Answered => {
    if (signal.aborted) throw error;
    throw refused(`The webhook gave ${error.message}.`);
  });
  if (status >= 200 && status < 300) return { configured: true };
  throw refused(`The webhook answered ${status}.`, { nonRetryable: status === GONE, retryAfterMs });
}

function refused(message: string, more: { nonRetryable?: boolean; retryAfterMs?: number | undefined } = {}) {
  const { nonRetryable = false, retryAfterMs } = more;
  return ApplicationFailure.create({
    type: 'WebhookRefused',
    message,
    nonRetryable,
    ...(retryAfterMs !== undefined && { nextRetryDelay: Math.min(retryAfterMs, LONGEST_DELAY_MS) }),
  });
}

function pageOf(ui: string | null, loop: string): string | null {
  if (ui === null) return null;
  const { namespace } = Context.current().info;
  const root = ui.endsWith('/') ? ui : `${ui}/`;
  return new URL(`namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(loop)}`, root).href;
}
