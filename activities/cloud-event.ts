import { createHmac } from 'node:crypto';
import type { Notice } from '../loop/notice.ts';

/** A notice as a CloudEvents 1.0 document, structured mode. */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  time: string;
  subject: string;
  datacontenttype: 'application/json';
  data: Omit<Notice, 'id' | 'kind' | 'at'> & { loop: string; ui: string | null };
}

export interface Told {
  loop: string;
  instanceId: string;
  notice: Notice;
}

/** The event of a notice; addresses, as error messages hold them, are left out of its texts. @param ui the loop's page in the Temporal UI */
export function cloudEventOf({ loop, instanceId, notice }: Told, ui: string | null): CloudEvent {
  const { id, kind, at, ...data } = notice;
  return {
    specversion: '1.0',
    id,
    source: `urn:deltaloop:${loop}:${instanceId}`,
    type: `deltaloop.loop.${kind}`,
    time: at,
    subject: loop,
    datacontenttype: 'application/json',
    data: { loop, ...data, state: withoutAddresses(data.state), next: withoutAddresses(data.next), ui },
  };
}

function withoutAddresses(text: string): string {
  return text.replaceAll(/\bhttps?:\/\/[^\s"'`)»”]+/gi, '(address left out)');
}

/**
 * The headers that prove who sent a body, and when: those of the Standard Webhooks specification, HMAC-SHA256 over id, time and body.
 * @param at seconds since 1970
 */
export function signed(secret: Uint8Array, { id, at, body }: { id: string; at: number; body: string }) {
  const signature = createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}
