import { policiesWith } from '../backtest/policies.ts';
import { type KnownPast, knownPast, type Past, type Replay, replay } from '../backtest/replay.ts';
import { LEGEND, pastText, replayText } from '../backtest/replay-text.ts';
import { plural, whole } from '../decide/format.ts';
import type { History } from './backtest-history.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Where nothing says how far one may go: so many times the largest size, as far as learning curves can be trusted. */
const HORIZON = 4;
const EVALUATION_IMAGES = 500;

/** What a person said beside the history. */
export interface RoundsOptions {
  target?: number | undefined;
  capImages?: number | undefined;
  evaluationImages?: number | undefined;
  /** Evaluation sets drawn anew. */
  draws: number;
}

/** What `--json` prints. */
interface RoundsDocument extends Past {
  schemaVersion: 1;
  history: string;
  curve: KnownPast['curve']['points'];
  needed: number | null;
  policies: Replay[];
}

/**
 * What each policy would have done in a history.
 * @throws CliError (exit 2) when nobody says what the target is.
 */
export function backtestRounds(history: History, options: RoundsOptions): { document: RoundsDocument; text: string } {
  const past = pastOf(history, options);
  const known = knownPast(past);
  const policies = policiesWith({ looks: 'shared', ...history.settings }, history.facts).map((policy) =>
    replay(policy, past, options.draws),
  );
  const { curve, needed } = known;
  const document = { schemaVersion: 1, history: history.name, ...past, curve: curve.points, needed, policies } as const;
  const head = [pastText(history.name, past, known), ...supposed(history, options, past)].join('\n');
  const text = [head, LEGEND, ...policies.map(replayText)].join('\n\n');
  return { document, text };
}

/** What nobody said, and what stands for it. */
function supposed(history: History, options: RoundsOptions, { evaluationImages, caps }: Past): string[] {
  return [setNote(history, options, evaluationImages), capNote(history, options, caps)].filter((note) => note !== null);
}

function setNote({ evaluationImages: known }: History, options: RoundsOptions, used: number | null): string | null {
  if (used === null)
    return 'There is no evaluation set: the metric is the service’s own, of a part held out of the training images. Other luck cannot be drawn for it (--eval-images supposes a set).';
  if (options.evaluationImages !== undefined || known !== undefined) return null;
  return `The size of the evaluation set is not known; ${whole(used)} is supposed (--eval-images).`;
}

function capNote({ pool, caps: known }: History, options: RoundsOptions, caps: Past['caps']): string | null {
  if (options.capImages !== undefined) return null;
  if (pool !== undefined && (known.images === null || pool < known.images))
    return `The pool holds ${plural(pool, 'image')}: no policy can have more (--cap-images).`;
  if (known.images !== null) return null;
  return `No cap is known; ${plural(caps.images, 'image')}, ${HORIZON} times the largest, is supposed (--cap-images).`;
}

function pastOf({ name, source, rounds, ...history }: History, options: RoundsOptions): Past {
  const target = options.target ?? history.target;
  if (target === null)
    throw new CliError(`${name} has no target, and what a policy does depends on it: without one nothing is replayed`, {
      exitCode: EXIT.usage,
      next: `Suppose one, above 0 and up to 1: deltaloop backtest ${source} --target 0.9`,
    });
  const { evaluationImages = EVALUATION_IMAGES, outcome } = history;
  return {
    rounds,
    target,
    evaluationImages: options.evaluationImages ?? evaluationImages,
    caps: { images: options.capImages ?? mostImages(history, rounds), rounds: history.caps.rounds },
    ...(outcome !== undefined && { outcome }),
  };
}

/** The cap and the pool, whichever ends first; what was really used was there. */
function mostImages({ caps, pool }: Pick<History, 'caps' | 'pool'>, rounds: History['rounds']): number {
  const largest = Math.max(...rounds.map(({ images }) => images));
  const known = [caps.images, pool ?? null].filter((limit) => limit !== null);
  return known.length === 0 ? HORIZON * largest : Math.max(largest, Math.min(...known));
}
