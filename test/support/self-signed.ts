import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SUBJECT = [
  '-addext',
  'subjectAltName=DNS:localhost,IP:127.0.0.1',
  '-addext',
  'basicConstraints=critical,CA:FALSE',
];

/** A certificate for this machine that nobody has signed but itself, as files in a folder. */
export async function selfSigned(folder: string, name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', [...made, '-subj', `/CN=${name}`, ...SUBJECT]);
  return { cert, key };
}
