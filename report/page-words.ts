import { html } from 'hono/html';

type Html = ReturnType<typeof html>;

/** Keeps a per cent sign with its number, which narrow pages would part. */
export function unbroken(text: string): string {
  return text.replaceAll(' %', '\u00a0%');
}

/** A text that stays on one line. */
export function whole(text: string): Html {
  return html`<span class="whole">${text}</span>`;
}

/** `2026-11-23 14:00 UTC` of an ISO-8601 instant in UTC, on one line. */
export function moment(instant: string): Html {
  return whole(`${instant.slice(0, 16).replace('T', ' ')} UTC`);
}

/** A name such as `meanAveragePrecision50 (hold-out)`, which breaks between its words alone. */
export function breakable(name: string): Html {
  return html`${name.split(/(?<=[a-z])(?=[A-Z])|(?= \()/).map((word) => html`<wbr>${whole(word)}`)}`;
}
