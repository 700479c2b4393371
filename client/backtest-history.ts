import { isDeepStrictEqual } from 'node:util';
import { FEWEST_SIZES, type PastRound, readPastRounds, sizesWithMetric } from '../backtest/past-rounds.ts';
import type { LoopFacts, LoopSettings } from '../backtest/policies.ts';
import { readPool } from '../collect/pool-file.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { plural } from '../decide/format.ts';
import { SubsetsFileSchema } from '../loop/files.ts';
import { DELTA_OF, LoopNameSchema, type LoopSpec } from '../loop/spec.ts';
import { problemsError } from './backtest-curves.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';

const MOST_ROUNDS = 20;

/** Past rounds with what is known of the loop that they are of. */
export interface History {
  name: string;
  /** What the command was typed with. */
  source: string;
  rounds: PastRound[];
  target: number | null;
  /** Null for the metric of a hold-out; absent where nobody knows. */
  evaluationImages?: number | null;
  caps: { images: number | null; rounds: number };
  /** Distinct images of the pool; absent without one. */
  pool?: number;
  /** How it ended; absent while it runs, and where nobody knows. */
  outcome?: string;
  settings: LoopSettings;
  facts: LoopFacts;
}

/** The history of the loop of that name; undefined when there is none, or when it can be no loop's name. */
export async function loopNamed(home: string, name: string): Promise<History | undefined> {
  if (!LoopNameSchema.safeParse(name).success) return undefined;
  const folder = LoopFolder.at(home, name);
  const files = await readLoopFiles(folder);
  return files && loopHistory(folder, files);
}

/**
 * The history of a loop from its folder.
 * @throws CliError (exit 2) when it has too few rounds with a metric.
 */
async function loopHistory(folder: LoopFolder, files: LoopFiles): Promise<History> {
  const { spec, loop, result } = files;
  const parts = (await folder.readRecord('rounds/1/subsets.json', SubsetsFileSchema))?.points ?? [];
  const pool = await readPool(folder);
  const rounds = [
    ...parts.map(({ share, images, metric }) => ({ share, images, metric })),
    ...files.rounds.map(({ images, metric }) => ({ images, metric })),
  ];
  requireSizes(loop.loop, sizesWithMetric(rounds));
  return {
    name: `Loop ${loop.loop}`,
    source: loop.loop,
    rounds,
    target: spec?.target ?? null,
    evaluationImages: files.evaluationImages,
    caps: { images: spec?.caps.images ?? null, rounds: spec?.caps.rounds ?? MOST_ROUNDS },
    ...(pool && { pool: pool.images.length }),
    ...(result && { outcome: result.outcome }),
    settings: { classes: Object.keys(files.perClass).length || null, ...(spec && settingsOf(spec)) },
    facts: { parts: parts.length > 0, ...minutesOf(files) },
  };
}

function requireSizes(loop: string, sizes: number): void {
  if (sizes >= FEWEST_SIZES) return;
  throw new CliError(
    `Loop ${loop} has a metric at ${plural(sizes, 'number')} of images; a curve needs at least ${FEWEST_SIZES}`,
    { exitCode: EXIT.usage, next: 'Type the command again when the loop has had more rounds.' },
  );
}

/** A loop prices a round by the minutes of its latest; a round that never was has the mean of those that were. */
function minutesOf({ rounds }: LoopFiles): Pick<LoopFacts, 'roundMinutes'> {
  if (rounds.length === 0) return {};
  return { roundMinutes: rounds.reduce((sum, { billedMinutes }) => sum + billedMinutes, 0) / rounds.length };
}

function settingsOf(spec: LoopSpec): LoopSettings {
  const { metric, claim, margin, patience, classRatio, forecast, seed, prices, delta, policy } = spec;
  return {
    metric,
    claim,
    margin,
    patience,
    classRatio,
    seed,
    ...forecast,
    looks: 'shared',
    prices: prices === undefined ? null : { image: prices.image, trainingHour: prices.trainingHour },
    // Where the spec grows as its policy does, the other policy grows as itself.
    ...(isDeepStrictEqual(delta, DELTA_OF[policy]) ? {} : { delta }),
  };
}

/**
 * The history in a file of past rounds.
 * @throws CliError (exit 2) with every problem of the file.
 */
export function fileHistory(text: string, path: string): History {
  const { rounds, problems } = readPastRounds(text);
  if (problems.length > 0)
    throw problemsError(`${path} does not hold past rounds as they are needed`, problems, {
      next: 'Write one round a line as CSV with the columns images and metric (or as JSON), at least three sizes; then type the command again.',
    });
  return {
    name: path,
    source: path,
    rounds,
    target: null,
    caps: { images: null, rounds: MOST_ROUNDS },
    settings: {},
    facts: { parts: rounds.some(({ share, metric }) => share !== undefined && metric !== null) },
  };
}
