import { plural } from '../decide/format.ts';
import { type At, dialProblems, reader, type SpecProblem, valueAt } from './dial-problems.ts';

const PATHS = {
  target: ['settings', 'target'],
  metric: ['settings', 'metric'],
  confidence: ['settings', 'confidence'],
  giveUp: ['settings', 'giveUp'],
  prices: ['settings', 'prices'],
  claim: ['settings', 'claim'],
};

/** What no single field of a request for a decision shows. Reads the raw document, so that one pass tells all. */
export function requestContradictions(document: unknown): SpecProblem[] {
  const at = reader(document);
  const history = at('history');
  return [...(Array.isArray(history) ? historyProblems(history) : []), ...settingsProblems(at)];
}

function settingsProblems(at: At): SpecProblem[] {
  return dialProblems(
    {
      target: at('settings', 'target'),
      metric: at('settings', 'metric'),
      classes: at('settings', 'classes'),
      confidence: at('settings', 'confidence'),
      giveUp: at('settings', 'giveUp'),
      image: at('settings', 'prices', 'image'),
      trainingHour: at('settings', 'prices', 'trainingHour'),
      boundWithoutSet: at('settings', 'claim') === 'lower-bound' && at('settings', 'evaluationImages') === null,
    },
    PATHS,
  );
}

/** An entry of a history as it stands in the document. */
interface Entry {
  index: number;
  images: unknown;
  isPart: boolean;
}

/** A decision is made after a round; every round trains on all images so far, and parts of the first on fewer than it. */
function historyProblems(history: unknown[]): SpecProblem[] {
  const entries = history.map((entry, index): Entry => {
    return { index, images: valueAt(entry, ['images']), isPart: valueAt(entry, ['share']) !== undefined };
  });
  const rounds = entries.filter(({ isPart }) => !isPart);
  const parts = entries.filter(({ isPart }) => isPart);
  const [first, second] = rounds;
  if (first === undefined)
    return parts.length === 0
      ? []
      : [{ path: ['history'], message: 'has only parts of the first round (entries with share), and no round' }];
  return [
    ...rounds.flatMap((round, at) => shrunk(round, rounds[at - 1])),
    ...parts.flatMap((part) => [...tooLarge(part, first), ...misplaced(part, second)]),
  ];
}

function shrunk({ index, images }: Entry, before: Entry | undefined): SpecProblem[] {
  if (typeof images !== 'number' || typeof before?.images !== 'number' || images >= before.images) return [];
  const message = `${images} is less than the ${before.images} of the round before; a round trains on all images so far`;
  return [{ path: ['history', index, 'images'], message }];
}

function tooLarge({ index, images }: Entry, first: Entry): SpecProblem[] {
  if (typeof images !== 'number' || typeof first.images !== 'number' || images < first.images) return [];
  const message = `${images} is no part of the first round, which has ${plural(first.images, 'image')}; leave share out if this is a round`;
  return [{ path: ['history', index, 'images'], message }];
}

function misplaced({ index }: Entry, second: Entry | undefined): SpecProblem[] {
  if (second === undefined || index < second.index) return [];
  const message = 'stands behind the second round; parts of the first round stand beside it';
  return [{ path: ['history', index, 'share'], message }];
}
