import { asGiven, decimal, digitsWhere, plural, shown, whole } from '../decide/format.ts';
import type { Draws, KnownPast, Past, Replay } from './replay.ts';
import type { Part } from './simulate.ts';

/** What was really done and what the curve says of the target, in sentences. */
export function pastText(name: string, past: Past, known: KnownPast): string {
  const { target, caps, evaluationImages, rounds, outcome } = past;
  const { curve, needed } = known;
  const best = curve.points.at(-1)?.metric ?? Number.NaN;
  const sizes = rounds.flatMap(({ share, images }) => (share === undefined ? [whole(images)] : []));
  const set = evaluationImages === null ? 'the metric of a hold-out' : plural(evaluationImages, 'evaluation image');
  return [
    `What was really done: ${sizes.join(' → ')} images${outcome === undefined ? '' : `, then ${outcome}`}.`,
    `${name}: ${plural(known.rounds, 'round')}, ${plural(known.images, 'image')}. Target ${asGiven(target)}; at most ${plural(caps.images, 'image')} and ${plural(caps.rounds, 'round')}; ${set}.`,
    ...(known.parts.length === 0 ? [] : [partsWords(known.parts)]),
    needed === null
      ? `Smoothed so that it never falls, the curve does not reach the target: it ends at ${decimal(best)} with ${plural(curve.cap, 'image')}.`
      : `Smoothed so that it never falls, the curve reaches the target with about ${plural(Math.ceil(needed), 'image')}.`,
    `Between these rounds the curve is interpolated; beyond ${plural(curve.cap, 'image')} nothing is known, so a policy that wants more ends there.`,
  ].join('\n');
}

/** What the names of the policies mean, and the smoothed curve. */
export const LEGEND = [
  'forecast and thresholds are the loop’s own policies. For comparison: a1 and a3 collect as many as in the first round each time, b2 and b3',
  'double, c goes where a fitted power law meets the target, d10 where bootstraps of it do (docs/decisions-measured.md, “The baselines”).',
  'The smoothed curve is what was measured, averaged wherever it falls.',
].join('\n');

function partsWords(parts: readonly Part[]): string {
  const sizes = parts.map(({ images }) => whole(images)).join(' and ');
  return `Of the first round ${sizes} images were trained on too, as parts; policies that use such points have them.`;
}

/** What one policy would have done, in two or three lines. */
export function replayText(replay: Replay): string {
  const { policy, title, sizes, draws } = replay;
  const path = `${sizes.map(whole).join(' → ')} images`;
  const lines = [`${policy} (${title})`, `  ${path}, ${endWords(replay)}${savedWords(replay)}.`];
  if (draws) lines.push(`  ${drawsWords(draws)}.`);
  return lines.join('\n');
}

function endWords({ end, target, measured, truth, sizes, wanted, outcome }: Replay): string {
  const rounds = plural(sizes.length, 'round');
  // Enough decimals that nothing shown below the target looks like it.
  const sides = [measured, truth].map((value) => Math.sign(value - target));
  const digits = digitsWhere((some) =>
    [measured, truth].every((value, at) => Math.sign(shown(value, some) - target) === sides[at]),
  );
  const metric = `${decimal(measured, digits)} (smoothed curve: ${decimal(truth, digits)})`;
  if (end === 'claim') return `claimed the target at ${metric} after ${rounds}`;
  if (end === 'give-up') return `gave up${outcome === null ? '' : ` (${outcome})`} at ${metric} after ${rounds}`;
  if (end === 'caps') return `out of images or rounds at ${metric} after ${rounds}`;
  return `at ${metric} after ${rounds}, would have gone on to ${plural(wanted ?? 0, 'image')}`;
}

function savedWords({ saved }: Replay): string {
  if (saved === null) return '';
  if (saved.images === 0 && saved.rounds === 0) return '; the same images and rounds as were really used';
  const parts = [difference(saved.images, 'image'), difference(saved.rounds, 'round')];
  return `; ${parts.join(' and ')} than were really used`;
}

function difference(saved: number, noun: string): string {
  if (saved === 0) return `the same number of ${noun}s`;
  return saved > 0 ? `${plural(saved, `fewer ${noun}`)}` : `${plural(-saved, `more ${noun}`)}`;
}

function drawsWords({ runs, claimed, wrong, gaveUp, caps, curve }: Draws): string {
  const ends = [
    [claimed, `claimed the target${wrong > 0 ? ` (${wrong} of them more than 0.01 below it)` : ''}`],
    [gaveUp, 'gave up'],
    [caps, 'ran out of images or rounds'],
    [curve, 'would have gone on beyond what is known'],
  ] as const;
  const told = ends.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return `With the luck of ${plural(runs, 'other evaluation set')}: ${told.join(', ')}`;
}
