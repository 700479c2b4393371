#!/usr/bin/env node
import { CommandContext } from '../client/context.ts';
import { EXIT } from '../client/exit-codes.ts';
import { runCommandLine } from './program.ts';

// A reader that has seen enough, as in `deltaloop list | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const code = await runCommandLine(process.argv.slice(2), new CommandContext());
// A command that runs a process of its own (worker, dev, …) sets the code itself, later.
if (code !== EXIT.ok) process.exitCode = code;
