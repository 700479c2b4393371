import { FORECAST_DEFAULTS } from '../loop/forecast.ts';

/** One thing wrong with a document: where in it, and one sentence. */
export interface SpecProblem {
  path: PropertyKey[];
  message: string;
  /** Set when the problem is the key at the end of `path`, not its value. */
  isKey?: boolean;
}

/** The value at a path of a document that nobody has checked yet; undefined where there is none. */
export type At = (...path: string[]) => unknown;

/** Dials that a spec and a request for a decision both have, as they stand in the document. */
export interface Dials {
  target: unknown;
  metric: unknown;
  /** Number of classes; anything else where it is not known. */
  classes: unknown;
  confidence: unknown;
  giveUp: unknown;
  image: unknown;
  trainingHour: unknown;
  /** The claim rests on a lower bound that no evaluation set gives. */
  boundWithoutSet: boolean;
}

/** Where each dial stands in its document. */
export type DialPaths = Record<'target' | 'metric' | 'confidence' | 'giveUp' | 'prices' | 'claim', string[]>;

/** Dials that make no sense by themselves or beside each other, in one pass. */
export function dialProblems(dials: Dials, paths: DialPaths): SpecProblem[] {
  const found: [keyof DialPaths, string | null][] = [
    ['target', targetProblem(dials)],
    ['metric', topFiveProblem(dials)],
    ['claim', dials.boundWithoutSet ? NO_BOUND : null],
    [dials.giveUp === undefined ? 'confidence' : 'giveUp', giveUpProblem(dials)],
    ['prices', pricesProblem(dials)],
  ];
  return found.flatMap(([dial, message]) => (message === null ? [] : [{ path: paths[dial], message }]));
}

function targetProblem({ target }: Dials): string | null {
  return target === 0 ? '0 is reached by every model; leave it out to stop when more images no longer help' : null;
}

function topFiveProblem({ metric, classes }: Dials): string | null {
  const few = metric === 'accuracyTop5' && typeof classes === 'number' && classes <= 5;
  return few
    ? `accuracyTop5 is always 1 with ${classes} ${classes === 1 ? 'class' : 'classes'}; use accuracyTop1`
    : null;
}

const NO_BOUND =
  'a lower-bound cannot be known without an evaluation set, so that no target could ever be claimed; give one, or use measured';

function giveUpProblem({ confidence, giveUp }: Dials): string | null {
  const [sure, hopeless] = [confidence ?? FORECAST_DEFAULTS.confidence, giveUp ?? FORECAST_DEFAULTS.giveUp];
  if (typeof sure !== 'number' || typeof hopeless !== 'number' || hopeless < sure) return null;
  return `giveUp (${hopeless}) must be below confidence (${sure}), or a target would be given up as soon as it cannot be claimed`;
}

function pricesProblem({ image, trainingHour }: Dials): string | null {
  return image === 0 && trainingHour === 0
    ? 'are both 0, so no δ would be cheaper than another; leave prices out when nothing is known of them'
    : null;
}

/** Reads a document by paths. */
export function reader(document: unknown): At {
  return (...path) => valueAt(document, path);
}

/** The value at a path of a document; undefined where the document has none. */
export function valueAt(document: unknown, path: PropertyKey[]): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
