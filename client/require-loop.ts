import { closest, distance } from 'fastest-levenshtein';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { readFinished } from './finished-view.ts';
import { readImportedView } from './imported-view.ts';
import { loopNames } from './loop-files.ts';
import type { LoopView } from './loop-view.ts';

export type KnownView = Exclude<LoopView, { kind: 'unknown' }>;

/**
 * What is known about a loop: of a finished one from its folder alone, of any other with the server's help.
 * @throws CliError (exit 2) when there is no such loop; the connection's error when there is no server.
 */
export async function viewLoop(context: CommandContext, loop: string): Promise<KnownView> {
  const { home } = context.settings;
  const finished = await readFinished(home, loop);
  if (finished) return finished;
  const imported = await readImportedView(home, loop);
  if (imported) return imported;
  const { client } = await context.connect();
  const { readLoop } = await import('./loop-view.ts');
  const view = await readLoop({ client, home, loop });
  if (view.kind === 'unknown')
    throw await unknownLoop({ home, loop, where: `none runs under that name, and ${home} holds none` });
  return view;
}

/** The error for a name that no loop has, with the nearest one; `where` says where it was looked for. */
export async function unknownLoop({ home, loop, where }: Record<'home' | 'loop' | 'where', string>): Promise<CliError> {
  const names = await loopNames(home);
  const nearest = names.length > 0 ? closest(loop, names) : undefined;
  const hint =
    nearest !== undefined && distance(loop, nearest) <= (loop.length < 5 ? 1 : Math.max(2, loop.length / 3))
      ? ` Did you mean ${nearest}?`
      : '';
  return new CliError(`There is no loop ${loop}: ${where}.${hint}`, {
    exitCode: EXIT.usage,
    next: 'See all loops: deltaloop list. Another home is chosen with DELTALOOP_HOME.',
  });
}

/**
 * A loop that runs and whose worker answers, for commands that change it.
 * @throws CliError (exit 2) when it has ended or was never started, (exit 1) when Temporal closed it or no worker answers.
 */
export async function requireRunning(
  context: CommandContext,
  loop: string,
): Promise<Extract<LoopView, { kind: 'running' }>> {
  const view = await viewLoop(context, loop);
  if (view.kind !== 'running') throw notRunning(loop, view);
  if (view.note === null) return view;
  throw new CliError(`Loop ${loop} cannot be asked at the moment; nothing was changed. ${view.note}.`, {
    exitCode: EXIT.unexpected,
    next: `${view.progress.next} Then type the command again.`,
  });
}

/** The error for a change to a loop that does not run. */
function notRunning(loop: string, view: Exclude<KnownView, { kind: 'running' }>): CliError {
  if (view.kind === 'finished') {
    return new CliError(`Loop ${loop} has ended (${view.result.outcome}): ${view.result.sentence}`, {
      exitCode: EXIT.usage,
      next: `See its rounds: deltaloop rounds ${loop}. Go on with its images in a new loop: deltaloop start SPEC --from ${loop}`,
    });
  }
  const exitCode = view.kind === 'broken' ? EXIT.unexpected : EXIT.usage;
  return new CliError(`Loop ${loop}: ${view.progress.state}.`, { exitCode, next: view.progress.next });
}
