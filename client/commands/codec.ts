import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { CodecServer } from '../../codec/codec-server.ts';
import { systemCode } from '../../data/errors.ts';
import { CliError } from '../cli-error.ts';
import type { CodecFlags } from '../codec-settings.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** `deltaloop codec` */
export function addCodecCommand(program: Command, context: CommandContext): void {
  program
    .command('codec')
    .description('Serve the decoder of encrypted payloads to the Temporal UI and CLI, until Ctrl-C')
    .option('--host <address>', 'address to listen on; others than loopback need TLS', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes any', port, 8888)
    .option('--origin <origin...>', 'origins of pages that may ask (default: the Temporal UI of this home)')
    .option('--tls-cert <file>', 'certificate in PEM')
    .option('--tls-key <file>', 'its key in PEM')
    .action(async (flags) => serve(context, flags));
}

function port(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It is no port number.');
}

async function serve(context: CommandContext, flags: CodecFlags): Promise<void> {
  const { codecSettings } = await import('../codec-settings.ts');
  const { serveCodec } = await import('../../codec/codec-server.ts');
  const settings = await codecSettings(context, flags);
  const server = await serveCodec(settings).catch((error: unknown) => {
    throw listenProblem(error, flags);
  });
  const { origins, namespace } = settings.access;
  if (!context.output.live) context.output.json({ schemaVersion: 1, ready: true, url: server.url }, true);
  context.output.say(
    [
      `The codec server is up at ${server.url}, for the namespace ${namespace}.`,
      `  Pages that may ask  ${origins.join(', ')}`,
      `  Sign in first       ${pageFor(server.url, origins)}`,
      'Ctrl-C stops it.',
    ].join('\n'),
  );
  await untilStopped(server);
}

function listenProblem(error: unknown, { host, port }: CodecFlags): unknown {
  const why: Record<string, string> = {
    EADDRINUSE: `another program listens on port ${port}`,
    EACCES: `this user may not listen on port ${port}`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
    ENOTFOUND: `${host} is no address of this machine`,
  };
  const known = why[systemCode(error) ?? ''];
  if (known === undefined) return error;
  return new CliError(`The codec server was not started: ${known}.`, {
    exitCode: EXIT.usage,
    next: 'Give another one with --port or --host, and the same one to the Temporal UI.',
    cause: error,
  });
}

/** The sign-in counts for the host name in the address bar: it should be the Temporal UI's. */
function pageFor(url: string, origins: readonly string[]): string {
  const page = new URL(url);
  const ui = URL.parse(origins[0] ?? url)?.hostname;
  if (page.hostname === '127.0.0.1' && ui === 'localhost') page.hostname = ui;
  return page.href;
}

function untilStopped(server: CodecServer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => void server.close().then(resolve, reject);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}
