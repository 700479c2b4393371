import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { runCommand } from './run-command.ts';
import { elapsed, reasonOf, type Say } from './say.ts';
import { TEMPORAL_CLI_VERSION } from './temporal-cache.ts';

/** The address that Temporal's SDKs download the CLI from; it answers where the archive lies. */
const DOWNLOAD_ADDRESS = 'https://temporal.download/cli';

const FIRST_BYTE_MS = 20_000;
const TOTAL_MS = 5 * 60_000;
const PROGRESS_MS = 3_000;

const InfoSchema = z.object({ archiveUrl: z.url(), fileToExtract: z.string().regex(/^[A-Za-z0-9._]+$/) });

export interface DownloadOptions {
  /** Folder for the archive and what comes out of it; the caller removes it. */
  scratch: string;
  say: Say;
  address?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Operating system and processor as Node names them. */
  platform?: string | undefined;
  arch?: string | undefined;
}

/**
 * Downloads the Temporal CLI of the pinned version for this machine and unpacks it with the system's `tar`.
 * At most 20 seconds until the first byte of each answer and five minutes in all.
 * @returns path of the unpacked binary inside `scratch`
 * @throws Error with the reason, for the caller to go on to the next way
 */
export async function downloadTemporal(options: DownloadOptions): Promise<string> {
  const address = infoAddress(options);
  const total = AbortSignal.timeout(TOTAL_MS);
  const signal = options.signal ? AbortSignal.any([total, options.signal]) : total;
  const info = InfoSchema.parse(await (await get(address, signal)).json());
  if (new URL(info.archiveUrl).protocol !== new URL(address).protocol)
    throw new Error(`${address} names an archive of another protocol`);
  const archive = join(options.scratch, 'temporal.tar.gz');
  await fetchArchive(info.archiveUrl, archive, { signal, say: options.say });
  const unpacked = await runCommand('tar', ['-xzf', archive, '-C', options.scratch, info.fileToExtract], {
    timeoutMs: 60_000,
  });
  if (!unpacked.ok) throw new Error(`tar cannot unpack the archive: ${unpacked.problem} ${unpacked.output}`.trim());
  return join(options.scratch, info.fileToExtract);
}

function infoAddress(options: DownloadOptions): string {
  const platform = options.platform ?? process.platform;
  const arch = { x64: 'amd64', arm64: 'arm64' }[options.arch ?? process.arch];
  if (!['linux', 'darwin'].includes(platform) || !arch) {
    throw new Error(`there is no archive for ${platform} on ${options.arch ?? process.arch}`);
  }
  const query = new URLSearchParams({ arch, platform, format: 'tar.gz' });
  return `${options.address ?? DOWNLOAD_ADDRESS}/v${TEMPORAL_CLI_VERSION}?${query.toString()}`;
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const first = new AbortController();
  const timer = setTimeout(() => first.abort(new Error(`no answer within ${FIRST_BYTE_MS / 1000} s`)), FIRST_BYTE_MS);
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, first.signal]) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer;
  } catch (error) {
    throw new Error(`${new URL(url).host}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function fetchArchive(url: string, file: string, options: { signal: AbortSignal; say: Say }): Promise<void> {
  const answer = await get(url, options.signal);
  if (!answer.body) throw new Error(`${new URL(url).host}: empty answer`);
  const size = Number(answer.headers.get('content-length') ?? 0);
  const started = Date.now();
  let bytes = 0;
  const timer = setInterval(() => options.say(progressLine(bytes, size, Date.now() - started)), PROGRESS_MS);
  try {
    const counted = Readable.fromWeb(answer.body).on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await pipeline(counted, createWriteStream(file), { signal: options.signal });
  } finally {
    clearInterval(timer);
  }
  if (size > 0 && bytes !== size) throw new Error(`${new URL(url).host}: ${bytes} of ${size} bytes came`);
}

function progressLine(bytes: number, size: number, ms: number): string {
  const mb = (n: number): string => (n / 1e6).toFixed(0);
  const of = size > 0 ? ` of ${mb(size)}` : '';
  return `Temporal: downloading, ${mb(bytes)}${of} MB after ${elapsed(ms)}`;
}
