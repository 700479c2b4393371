import { z } from 'zod';
import { FEWEST_SIZES, type PastRound, readPastRounds, sizesWithMetric } from '../backtest/past-rounds.ts';
import { type LoopSettings, policiesWith } from '../backtest/policies.ts';
import { type KnownPast, knownPast, type Past, type Replay, replay } from '../backtest/replay.ts';
import { pastText, replayText } from '../backtest/replay-text.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { plural, whole } from '../decide/format.ts';
import { LoopNameSchema, type LoopSpec } from '../loop/spec.ts';
import { problemsError } from './backtest-curves.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';

/** Where nothing says how far one may go: so many times the largest size, as far as learning curves can be trusted. */
const HORIZON = 4;
const MOST_ROUNDS = 20;
const EVALUATION_IMAGES = 500;

/** What a person said beside the history. */
export interface RoundsOptions {
  target?: number | undefined;
  capImages?: number | undefined;
  evaluationImages?: number | undefined;
  /** Evaluation sets drawn anew. */
  draws: number;
}

/** Past rounds with what is known of the loop that they are of. */
export interface History {
  name: string;
  rounds: PastRound[];
  target: number | null;
  evaluationImages: number | null;
  caps: { images: number | null; rounds: number };
  settings: LoopSettings;
}

/** What `--json` prints. */
interface RoundsDocument extends Past {
  schemaVersion: 1;
  history: string;
  curve: KnownPast['curve']['points'];
  needed: number | null;
  policies: Replay[];
}

const PartsSchema = z.object({
  input: z.object({
    subsets: z.array(z.object({ share: z.number(), images: z.number(), metric: z.number() })).default([]),
  }),
});

/**
 * The history of a loop from its folder.
 * @throws CliError (exit 2) when it has too few rounds with a metric.
 */
async function loopHistory(folder: LoopFolder, files: LoopFiles): Promise<History> {
  const { spec, loop } = files;
  const decision = await folder.readJson(`rounds/${files.rounds.at(-1)?.round ?? 1}/decision.json`);
  const parts = PartsSchema.safeParse(decision).data?.input.subsets ?? [];
  const rounds = [...parts, ...files.rounds.map(({ images, metric }) => ({ images, metric }))];
  const sizes = sizesWithMetric(rounds);
  if (sizes < FEWEST_SIZES)
    throw new CliError(
      `Loop ${loop.loop} has a metric at ${plural(sizes, 'number')} of images; a curve needs at least ${FEWEST_SIZES}`,
      { exitCode: EXIT.usage, next: 'Type the command again when the loop has had more rounds.' },
    );
  return {
    name: `Loop ${loop.loop}`,
    rounds,
    target: spec?.target ?? null,
    evaluationImages: files.evaluationImages,
    caps: { images: spec?.caps.images ?? null, rounds: spec?.caps.rounds ?? MOST_ROUNDS },
    settings: { classes: Object.keys(files.perClass).length || null, ...(spec && settingsOf(spec)) },
  };
}

function settingsOf({ metric, claim, margin, patience }: LoopSpec): LoopSettings {
  return { metric, claim, margin, patience };
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
    rounds,
    target: null,
    evaluationImages: null,
    caps: { images: null, rounds: MOST_ROUNDS },
    settings: {},
  };
}

/**
 * What each policy would have done in a history.
 * @throws CliError (exit 2) when nobody says what the target is.
 */
export function backtestRounds(history: History, options: RoundsOptions): { document: RoundsDocument; text: string } {
  const past = pastOf(history, options);
  const known = knownPast(past);
  const policies = policiesWith({ ...history.settings, looks: 'shared' }).map((policy) =>
    replay(policy, past, options.draws),
  );
  const { curve, needed } = known;
  const document = { schemaVersion: 1, history: history.name, ...past, curve: curve.points, needed, policies } as const;
  const head = [pastText(history.name, past, known), ...supposed(history, options, past)].join('\n');
  const text = [head, ...policies.map(replayText)].join('\n\n');
  return { document: { ...document, policies }, text };
}

/** What nobody said, and what stands for it. */
function supposed(history: History, options: RoundsOptions, { evaluationImages, caps }: Past): string[] {
  const notes: string[] = [];
  if (options.evaluationImages === undefined && history.evaluationImages === null)
    notes.push(`The size of the evaluation set is not known; ${whole(evaluationImages)} is supposed (--eval-images).`);
  if (options.capImages === undefined && history.caps.images === null)
    notes.push(
      `No cap is known; ${plural(caps.images, 'image')}, ${HORIZON} times the largest, is supposed (--cap-images).`,
    );
  return notes;
}

function pastOf({ name, rounds, caps, ...history }: History, options: RoundsOptions): Past {
  const target = options.target ?? history.target;
  if (target === null)
    throw new CliError(`${name} has no target, so no policy can claim one`, {
      exitCode: EXIT.usage,
      next: 'Give one from 0 to 1: --target 0.9',
    });
  const largest = Math.max(...rounds.map(({ images }) => images));
  return {
    rounds,
    target,
    evaluationImages: options.evaluationImages ?? history.evaluationImages ?? EVALUATION_IMAGES,
    caps: { images: options.capImages ?? caps.images ?? HORIZON * largest, rounds: caps.rounds },
  };
}

/** The history of the loop of that name; undefined when there is none, or when it can be no loop's name. */
export async function loopNamed(home: string, name: string): Promise<History | undefined> {
  if (!LoopNameSchema.safeParse(name).success) return undefined;
  const folder = LoopFolder.at(home, name);
  const files = await readLoopFiles(folder);
  return files && loopHistory(folder, files);
}
