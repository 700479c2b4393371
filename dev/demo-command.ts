import { join, resolve } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { processOutput } from '../client/output.ts';
import { clientSettings } from '../client/settings.ts';
import { told } from './command-error.ts';
import { interruptible } from './interrupt.ts';

/** Adds `deltaloop demo`: a whole loop on real drawings, from nothing to a recommended model. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('run a whole loop on emoji drawings: no account, no set-up, two or three minutes')
    .option('--detection', 'find drawings on composed scenes with a detector, instead of sorting them')
    .option('--home <folder>', 'where everything is kept; a new folder below the usual home by default')
    .option(
      '--target <value>',
      'metric to reach, 0–1 (default: accuracyTop1 0.84; with --detection, meanAveragePrecision50 0.6)',
      parseTarget,
    )
    .option('--backbone <name>', 'backbone of the vision service: efficientnet-lite0, classical or onnx:FILE')
    .option('--keep', 'leave everything running at the end, to look around, until Ctrl-C')
    .action(async ({ detection, home, target, backbone, keep }) => {
      const { runDemo } = await import('./demo.ts');
      const subject = detection ? (await import('./demo-scenes.ts')).SCENES : (await import('./demo-emoji.ts')).EMOJI;
      const folder = home === undefined ? newDemoHome() : resolve(home);
      const options = {
        home: folder,
        subject,
        target,
        backbone,
        keep: keep === true,
        output: processOutput(),
        env: process.env,
      };
      process.exitCode = await interruptible((signal) => told(() => runDemo({ ...options, signal })));
    });
}

function parseTarget(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It is no number from 0 to 1.');
}

/** A folder per run, so that nothing of an earlier demo is in the way or lost. */
function newDemoHome(): string {
  const stamp = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  return join(clientSettings().home, 'demos', stamp);
}
