import type { Command } from '@commander-js/extra-typings';
import { fail, runService } from './run-service.ts';

/** Options of the command and the variables that they stand for; an option wins over its variable. */
const OPTIONS = [
  ['--port <port>', 'port to listen on; 0 takes any free one', 'DELTALOOP_VISION_PORT'],
  ['--host <address>', 'address to listen on (default: 127.0.0.1)', 'DELTALOOP_VISION_HOST'],
  ['--data <folder>', 'folder of everything that is kept, and below which files may be read', 'DELTALOOP_HOME'],
  ['--backbone <name>', 'efficientnet-lite0, classical or onnx:FILE', 'DELTALOOP_VISION_BACKBONE'],
  [
    '--roots <folders>',
    'other folders below which files may be read, separated as in a PATH',
    'DELTALOOP_VISION_ROOTS',
  ],
  ['--threads <n>', 'threads for inference (default: 2)', 'DELTALOOP_VISION_THREADS'],
  ['--parallel <n>', 'trainings at a time (default: 1)', 'DELTALOOP_VISION_PARALLEL'],
] as const;

const HELP = `
The key that clients must send is taken from DELTALOOP_VISION_KEY only:
  export DELTALOOP_VISION_KEY=$(openssl rand -hex 32)
  deltaloop vision-service --port 8480 --data ./vision-data
`;

/** Adds `deltaloop vision-service`: the embedded vision service by itself, until Ctrl-C. */
export function addVisionServiceCommand(program: Command): void {
  const command = program
    .command('vision-service')
    .description('run the embedded vision service by itself, until Ctrl-C')
    .addHelpText('after', HELP);
  for (const [flags, description] of OPTIONS) command.option(flags, description);
  command.action(async (options) => {
    await runService({ ...process.env, ...asEnvironment(options) }).catch(fail);
  });
}

function asEnvironment(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const set = OPTIONS.flatMap(([flags, , variable]) => {
    const value = options[flags.slice(2, flags.indexOf(' '))];
    return typeof value === 'string' ? [[variable, value]] : [];
  });
  return Object.fromEntries(set);
}
