import { leastGain } from '../decide/forecast/forecast.ts';
import { ROUNDS_AHEAD } from '../decide/forecast/plan.ts';
import { chance, expectedWords, neededWords, tooFewWords } from '../decide/forecast/words.ts';
import { asGiven, decimal, percent, percentAsGiven, plural, whole } from '../decide/format.ts';
import type { Forecast, Range80 } from '../loop/forecast.ts';
import type { DecisionSettings } from '../loop/round.ts';
import type { Fact, Section } from './explain-sections.ts';
import type { RecordedRound } from './recorded-rounds.ts';
import { factsText } from './text-table.ts';

/** Decimals of forecast metrics: they are wide ranges. */
const DIGITS = 3;

/** What the posterior over learning curves said, with the numbers that it was made with; undefined in records without one. */
export function forecastSection({ decision, input }: RecordedRound, width?: number): Section | undefined {
  const { forecast } = decision;
  if (forecast === undefined) return undefined;
  const facts: Fact[] = [
    ['rests on', restsOn(forecast)],
    ...chanceFacts(forecast, input.settings.margin),
    ...(forecast.needed === null ? [] : [['still needed', neededWords(forecast.needed)] as const]),
    ...rangeFact('true metric now', forecast.present),
    ...(decision.action === 'stop' ? [] : nextFacts(forecast)),
    ['looks ahead to', plural(forecast.horizon, 'image')],
    ...usedFacts(forecast, input.settings),
  ];
  return { title: 'The forecast', text: factsText(facts, width) };
}

/** What the next round was to be; nothing of it once the loop stops. */
function nextFacts(forecast: Forecast): Fact[] {
  if (forecast.next === null) return [['next round', 'does not grow']];
  return [
    ...rangeFact('after next round', forecast.ahead),
    ['next round', `up to ${plural(forecast.next, 'image')} in all`],
    ...sizingFacts(forecast),
  ];
}

function restsOn(forecast: Forecast): string {
  return forecast.extrapolates ? plural(forecast.points, 'point') : `${tooFewWords(forecast)}: the loop just grows`;
}

function chanceFacts({ probabilities, gainOfDoubling, extrapolates, used }: Forecast, margin: number): Fact[] {
  const facts: Fact[] = [];
  if (probabilities !== null) {
    const { claim, grow, giveUp } = probabilities;
    facts.push([
      'target met now',
      `${chance(claim, used.confidence)}; the loop claims it from ${percentAsGiven(used.confidence)} on`,
    ]);
    // Below three points nothing is extrapolated, and nothing rests on these.
    if (extrapolates)
      facts.push(
        ['met later', `${percent(grow)}, within the caps`],
        [
          'out of reach',
          `${percent(giveUp, 1 - used.giveUp)}; the loop gives up above ${percentAsGiven(1 - used.giveUp)}`,
        ],
      );
  }
  if (gainOfDoubling !== null)
    facts.push([
      'doubling helps',
      `${percent(gainOfDoubling, used.giveUp)} that twice the images gain at least ${asGiven(leastGain(margin))}; the loop ends below ${percentAsGiven(used.giveUp)}`,
    ]);
  return facts;
}

function rangeFact(label: string, found: Range80 | null): Fact[] {
  if (found === null) return [];
  return [[label, `${expectedWords(found, DIGITS)}, in the middle ${decimal(found.median, DIGITS)}`]];
}

/** Why the next round has its size, where it was planned for a target. */
function sizingFacts({ used }: Forecast): Fact[] {
  const { level, expectedCost, roundsLeft } = used;
  if (level === null || expectedCost === null) return [];
  const cost = `as much as ${plural(Math.round(expectedCost), 'image')}`;
  return [
    [
      'sized for',
      `measuring ${decimal(level, DIGITS)}, which allows the claim; in at most ${plural(Math.min(ROUNDS_AHEAD, roundsLeft), 'round')} that is expected to cost ${cost}, missing the target counted with all images`,
    ],
  ];
}

const LOOKS = { shared: 'rounds share one evaluation set', independent: 'every round has new evaluation images' };

function priceWords(images: number): string {
  return images > 0 && images < 1 ? 'less than one image' : `as much as ${plural(Math.round(images), 'image')}`;
}

/** Every other number that it was made with, each with what it means. */
function usedFacts({ used }: Forecast, settings: DecisionSettings): Fact[] {
  const noise = used.noise.map((value) => decimal(value, DIGITS)).join(', ');
  const looks = settings.evaluationImages === null ? 'every round has a hold-out of its own' : LOOKS[used.looks];
  return [
    ...(used.bar === null ? [] : [['counts as met', barWords(used.bar, settings)] as const]),
    ['a round costs', `${priceWords(used.roundPrice)} beside its own images: that is what sizes δ`],
    ['noise of points', `${noise || 'none'}; shared by all ${decimal(used.sharedNoise, DIGITS)} (${looks})`],
    [
      'curves tried',
      `${whole(used.particles)} possible learning curves, of which ${whole(used.effective)} fit the points; drawn with seed ${used.seed}`,
    ],
  ];
}

/** A forecast holds the true metric against this value, not against the target itself. */
function barWords(bar: number, { target, claim }: DecisionSettings): string {
  const value = `a true metric of ${decimal(bar, DIGITS)}`;
  if (claim === 'lower-bound') return `${value}, the target itself (claim: lower-bound)`;
  return target === null || bar >= target
    ? `${value}, the target itself`
    : `${value}, which differs from the target by less than counts`;
}
