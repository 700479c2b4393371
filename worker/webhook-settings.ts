/** Where a worker sends notices, as its environment says. */
export interface WebhookSettings {
  url: string;
  secret: Uint8Array;
  ui: string | null;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Bytes of a secret: what the Standard Webhooks specification asks for. */
const [SHORTEST, LONGEST] = [24, 64];

/**
 * Reads `DELTALOOP_WEBHOOK_URL` and `DELTALOOP_WEBHOOK_SECRET`; null where neither is set. The address may be a private one: it is the
 * operator's own. Problems name variables, never what they hold.
 */
export function webhookSettings(env: NodeJS.ProcessEnv, problems: string[]): WebhookSettings | null {
  const { DELTALOOP_WEBHOOK_URL: url = '', DELTALOOP_WEBHOOK_SECRET: secret = '' } = env;
  if (url === '' && secret === '') return null;
  const bytes = secretBytes(secret);
  const found = [...urlProblems(url, env['DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK'] === '1'), ...secretProblems(bytes)];
  problems.push(...found);
  return found.length > 0 || bytes === null ? null : { url, secret: bytes, ui: env['DELTALOOP_TEMPORAL_UI'] || null };
}

function urlProblems(text: string, httpOnLoopback: boolean): string[] {
  if (text === '') return ['DELTALOOP_WEBHOOK_URL is missing beside DELTALOOP_WEBHOOK_SECRET'];
  if (!URL.canParse(text)) return ['DELTALOOP_WEBHOOK_URL is no https address'];
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return ['DELTALOOP_WEBHOOK_URL must not hold a name or a password'];
  if (protocol === 'https:' || (protocol === 'http:' && httpOnLoopback && LOOPBACK.test(hostname))) return [];
  return [
    'DELTALOOP_WEBHOOK_URL must be an https address (http only to this machine itself, with DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK=1)',
  ];
}

function secretBytes(secret: string): Buffer | null {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  return bytes.length >= SHORTEST && bytes.length <= LONGEST ? bytes : null;
}

function secretProblems(bytes: Buffer | null): string[] {
  return bytes === null
    ? [
        `DELTALOOP_WEBHOOK_SECRET must be whsec_ and ${SHORTEST}–${LONGEST} bytes as base64, such as: echo whsec_$(openssl rand -base64 32)`,
      ]
    : [];
}
