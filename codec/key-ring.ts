import { PayloadCodecError } from './errors.ts';

/** The variable that brings the keys; errors name it. */
export const KEYS_VARIABLE = 'DELTALOOP_ENCRYPTION_KEYS';
const KEY_ID_VARIABLE = 'DELTALOOP_ENCRYPTION_KEY_ID';

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Keys of AES-256 by their ids. */
export interface KeyRing {
  /** What new payloads are written with; null means that nothing is encrypted. */
  writing: { id: string; key: Buffer } | null;
  /** What payloads are read with, the writing key among them. */
  reading: ReadonlyMap<string, Buffer>;
}

/**
 * The keys of an environment: `DELTALOOP_ENCRYPTION_KEYS=id1:base64key,id2:base64key`, each key 32 bytes. The first one
 * writes, or the one that `DELTALOOP_ENCRYPTION_KEY_ID` names; all of them read.
 * @throws PayloadCodecError naming everything that is wrong, without showing a key.
 */
export function keyRing(env: NodeJS.ProcessEnv): KeyRing {
  const problems: string[] = [];
  const reading = readKeys(env[KEYS_VARIABLE] ?? '', problems);
  const id = env[KEY_ID_VARIABLE] || reading.keys().next().value;
  const key = id === undefined ? undefined : reading.get(id);
  if (id !== undefined && key === undefined && problems.length === 0) {
    problems.push(`${KEY_ID_VARIABLE} names the key ${JSON.stringify(id)}, which ${KEYS_VARIABLE} does not bring`);
  }
  if (problems.length > 0)
    throw new PayloadCodecError(`The encryption keys make no sense:\n- ${problems.join('\n- ')}`);
  return { writing: id === undefined || key === undefined ? null : { id, key }, reading };
}

function readKeys(text: string, problems: string[]): Map<string, Buffer> {
  const keys = new Map<string, Buffer>();
  const entries = text.trim() === '' ? [] : text.split(',');
  entries.forEach((entry, at) => {
    const [id = '', base64 = '', ...rest] = entry.trim().split(':');
    const bytes = Buffer.from(base64, 'base64');
    const problem = entryProblem({ id, base64, rest, bytes, known: keys.has(id) });
    if (problem === undefined) keys.set(id, bytes);
    else problems.push(`entry ${at + 1} of ${KEYS_VARIABLE} ${problem}`);
  });
  return keys;
}

/** What is wrong with an entry; nothing of it is shown before its id is known to be one, as it may be a key. */
function entryProblem(entry: { id: string; base64: string; rest: string[]; bytes: Buffer; known: boolean }) {
  if (entry.base64 === '' || entry.rest.length > 0) return 'is not of the form id:base64key';
  if (!KEY_ID.test(entry.id)) return 'has an id that is not 1 to 64 letters, digits, dots, dashes and underscores';
  if (entry.known) return `has the id ${entry.id}, which another one has too`;
  if (BASE64.test(entry.base64) && entry.bytes.length === KEY_BYTES) return undefined;
  return `(${entry.id}) is no base64 text of ${KEY_BYTES} bytes; \`openssl rand -base64 ${KEY_BYTES}\` makes one`;
}
