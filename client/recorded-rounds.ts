import { access } from 'node:fs/promises';
import { z } from 'zod';
import { FolderConflictError } from '../data/errors.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import type { JournalEntry } from '../loop/journal.ts';
import { RecordedDecisionSchema } from '../loop/recorded-decision.ts';
import type { Decision, DecisionInput } from '../loop/round.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { journalOf, readSpec, roundNumbers } from './loop-files.ts';
import { unknownLoop } from './require-loop.ts';

/** A round's decision as its file holds it. */
export interface RecordedRound {
  round: number;
  input: DecisionInput;
  decision: Decision;
  /** The decision before it was checked against a schema: no key is lost. */
  raw: unknown;
  /** How long after its start the loop ends, such as `7d`, by the spec that it was started with; null without a deadline. */
  deadline: string | null;
  /** What people had said to the loop by then. */
  journal: readonly JournalEntry[];
}

/** The rounds of one loop that were decided, and their files. */
export class RecordedRounds {
  readonly loop: string;
  /** Ascending. */
  readonly numbers: readonly number[];
  readonly #folder: LoopFolder;
  /** The round under way, whose decision is still to come; undefined when there is none. */
  readonly #underWay: number | undefined;

  private constructor(loop: string, folder: LoopFolder, rounds: { decided: number[]; underWay: number | undefined }) {
    this.loop = loop;
    this.numbers = rounds.decided;
    this.#folder = folder;
    this.#underWay = rounds.underWay;
  }

  /**
   * Looks which rounds of a loop were decided; needs nothing but its folder.
   * @throws CliError (exit 2) when there is no such loop here, or it has decided no round.
   */
  static async of(home: string, loop: string): Promise<RecordedRounds> {
    const folder = LoopFolder.at(home, loop);
    if (!(await folder.exists())) throw await unknownLoop({ home, loop, where: `${home} holds none of that name` });
    const numbers = await roundNumbers(folder);
    const there = await Promise.all(numbers.map((round) => wasDecided(folder, round)));
    const decided = numbers.filter((_, at) => there[at]);
    if (decided.length > 0)
      return new RecordedRounds(loop, folder, { decided, underWay: numbers.find((_, at) => !there[at]) });
    throw new CliError(`Loop ${loop} has decided no round yet, so there is nothing to explain.`, {
      exitCode: EXIT.usage,
      next: `See what it does: deltaloop status ${loop}`,
    });
  }

  /**
   * The decision of a round, by default of the last one.
   * @throws CliError (exit 2) when there is no such round, (exit 1) when its file is missing or is not what it should be.
   */
  async read(round = this.numbers.at(-1) ?? 1): Promise<RecordedRound> {
    if (!this.numbers.includes(round)) throw this.#noSuchRound(round);
    const file = fileOf(round);
    try {
      const value = await this.#folder.readJson(file);
      if (value === undefined) throw this.#broken(round, 'is missing, although the round has its row in record.json');
      const parsed = RecordedDecisionSchema.safeParse(value);
      if (!parsed.success)
        throw this.#broken(round, `does not hold what deltaloop writes there: ${z.prettifyError(parsed.error)}`);
      const { input, decision } = parsed.data;
      const { decision: raw } = z.object({ decision: z.unknown() }).parse(value);
      const spec = await readSpec(this.#folder);
      const journal = (await journalOf(this.#folder)).filter((entry) => entry.round <= round);
      return { round, input, decision, raw, deadline: spec?.caps.deadline ?? null, journal };
    } catch (error) {
      if (error instanceof FolderConflictError) throw this.#broken(round, 'is not JSON');
      throw error;
    }
  }

  #noSuchRound(round: number): CliError {
    const [first = 1, last = first] = [this.numbers[0], this.numbers.at(-1)];
    const which = first === last ? `only round ${first}` : `rounds ${first}–${last}`;
    const why =
      round === this.#underWay
        ? `Round ${round} of loop ${this.loop} is not decided yet`
        : `Loop ${this.loop} has no round ${round}`;
    return new CliError(`${why}; decided so far: ${which}.`, {
      exitCode: EXIT.usage,
      next: `See the last of them: deltaloop explain ${this.loop} ${last}`,
    });
  }

  #broken(round: number, problem: string): CliError {
    return new CliError(
      `Round ${round} of loop ${this.loop} cannot be explained: ${this.#folder.resolve(fileOf(round))} ${problem}`,
      {
        exitCode: EXIT.unexpected,
        next: `Put the file back from a copy, then type: deltaloop explain ${this.loop} ${round}`,
      },
    );
  }
}

function fileOf(round: number): string {
  return `rounds/${round}/decision.json`;
}

/** A round's row is written after its decision: a row alone means that the decision was lost, which `read` then says. */
async function wasDecided(folder: LoopFolder, round: number): Promise<boolean> {
  const files = [fileOf(round), `rounds/${round}/record.json`].map((file) => folder.resolve(file));
  const found = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
