import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { CodecServerOptions } from '../codec/codec-server.ts';
import { keyRing } from '../codec/key-ring.ts';
import { payloadCodec } from '../codec/payload-codec.ts';
import { systemCode } from '../data/errors.ts';
import { CliError } from './cli-error.ts';
import { temporalNamespace } from './connect.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { uiAddress } from './ui-link.ts';

const TOKEN_VARIABLE = 'DELTALOOP_CODEC_TOKEN';
/** 32 characters of hexadecimal digits are 128 bits: nobody guesses them. */
const SHORTEST_TOKEN = 32;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** What is typed after `deltaloop codec`. */
export interface CodecFlags {
  host: string;
  port: number;
  origin?: string[] | undefined;
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
}

/**
 * What a codec server is started with, from the command line and the environment.
 * @throws CliError (exit 2) with everything that is missing or unsafe; PayloadCodecError when the keys make no sense.
 */
export async function codecSettings({ env, settings }: CommandContext, flags: CodecFlags): Promise<CodecServerOptions> {
  const keys = keyRing(env);
  const token = env[TOKEN_VARIABLE] ?? '';
  const problems = [
    ...(keys.writing === null ? ['DELTALOOP_ENCRYPTION_KEYS is missing: there is nothing to decode with'] : []),
    ...tokenProblems(token),
    ...hostProblems(flags),
    ...(flags.origin ?? []).filter((origin) => !isOrigin(origin)).map(notAnOrigin),
  ];
  if (problems.length > 0) throw refusal(problems);
  return {
    host: flags.host,
    port: flags.port,
    codec: payloadCodec(keys),
    access: {
      token,
      origins: flags.origin ?? originsOf((await uiAddress(settings.home, env)) ?? 'http://localhost:8233'),
      namespace: temporalNamespace(env),
    },
    tls: await tlsFiles(flags),
  };
}

function tokenProblems(token: string): string[] {
  if (token === '') return [`${TOKEN_VARIABLE} is missing; \`openssl rand -hex 32\` makes one`];
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return [];
  return [
    `${TOKEN_VARIABLE} must have at least ${SHORTEST_TOKEN} characters, without spaces; \`openssl rand -hex 32\` makes one`,
  ];
}

/** Away from this machine, tokens and what was decoded would travel in the clear. */
function hostProblems({ host, tlsCert, tlsKey }: CodecFlags): string[] {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) return ['--tls-cert and --tls-key go together'];
  if (LOOPBACK.test(host) || tlsCert !== undefined) return [];
  return [`--host ${host} is not this machine alone: give --tls-cert FILE and --tls-key FILE, or leave it out`];
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

function notAnOrigin(text: string): string {
  return `--origin ${JSON.stringify(text)} is no origin such as http://localhost:8233 (scheme, host and port, no path)`;
}

/** A page on this machine has either name; browsers tell them apart. */
function originsOf(address: string): string[] {
  const { origin, hostname } = new URL(address);
  if (hostname === 'localhost') return [origin, origin.replace('localhost', '127.0.0.1')];
  return hostname === '127.0.0.1' ? [origin, origin.replace('127.0.0.1', 'localhost')] : [origin];
}

async function tlsFiles({ tlsCert, tlsKey }: CodecFlags): Promise<CodecServerOptions['tls']> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const files = { cert: await read(tlsCert), key: await read(tlsKey) };
  try {
    createSecureContext(files);
  } catch (error) {
    const why = `${tlsCert} and ${tlsKey} are no certificate and its key in PEM, without a password`;
    throw refusal([`${why} (${systemCode(error) ?? 'unreadable'})`]);
  }
  return files;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw refusal([`${path} cannot be read (${systemCode(error)})`]);
  }
}

function refusal(problems: string[]): CliError {
  return new CliError(`The codec server was not started:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`, {
    exitCode: EXIT.usage,
    next: 'Mend this and type the command again; docs/security.md shows the whole set-up.',
  });
}
