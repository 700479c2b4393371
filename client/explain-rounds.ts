import { recompute } from '../decide/recompute.ts';
import { CliError } from './cli-error.ts';
import { RecordedRounds } from './recorded-rounds.ts';
import type { ExplainedRound } from './render-explanation.ts';

/** Rounds with their decisions made again, and the errors of those whose files cannot be read. */
export interface Explanations {
  explained: ExplainedRound[];
  problems: CliError[];
}

/**
 * Reads decisions of a loop from its folder and makes each again: one round, the last (undefined), or all.
 * @throws CliError when there is no such loop or round, or the one that was asked for cannot be read; of `all`, the rounds that cannot
 *   be read are told beside the others.
 */
export async function explainRounds(
  home: string,
  loop: string,
  which: number | 'all' | undefined,
): Promise<Explanations> {
  const rounds = await RecordedRounds.of(home, loop);
  if (which !== 'all') return { explained: [await explainRound(rounds, which)], problems: [] };
  const found: Explanations = { explained: [], problems: [] };
  for (const round of rounds.numbers) {
    try {
      found.explained.push(await explainRound(rounds, round));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      found.problems.push(error);
    }
  }
  return found;
}

async function explainRound(rounds: RecordedRounds, round: number | undefined): Promise<ExplainedRound> {
  const recorded = await rounds.read(round);
  return { ...recorded, recomputed: recompute(recorded.input, recorded.raw) };
}
