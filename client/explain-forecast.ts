import { expectedWords, neededWords, tooFewWords } from '../decide/forecast/words.ts';
import { asGiven, decimal, percent, percentAsGiven, plural, whole } from '../decide/format.ts';
import type { Forecast, Range80 } from '../loop/forecast.ts';
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
    ...rangeFact('after next round', forecast.ahead),
    ['next round', forecast.next === null ? 'does not grow' : `up to ${plural(forecast.next, 'image')} in all`],
    ['looks ahead to', plural(forecast.horizon, 'image')],
    ...usedFacts(forecast),
  ];
  return { title: 'The forecast', text: factsText(facts, width) };
}

function restsOn(forecast: Forecast): string {
  return forecast.extrapolates ? plural(forecast.points, 'point') : `${tooFewWords(forecast)}: the loop just grows`;
}

function chanceFacts({ probabilities, gainOfDoubling, used }: Forecast, margin: number): Fact[] {
  const facts: Fact[] = [];
  if (probabilities !== null) {
    const { claim, grow, giveUp } = probabilities;
    facts.push(
      [
        'target met now',
        `${percent(claim, used.confidence)}; the loop claims it from ${percentAsGiven(used.confidence)} on`,
      ],
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
      `${percent(gainOfDoubling, used.giveUp)} that twice the images gain at least ${asGiven(margin)}; the loop ends below ${percentAsGiven(used.giveUp)}`,
    ]);
  return facts;
}

function rangeFact(label: string, found: Range80 | null): Fact[] {
  if (found === null) return [];
  return [[label, `${expectedWords(found, DIGITS)}, in the middle ${decimal(found.median, DIGITS)}`]];
}

const LOOKS = { shared: 'rounds share one evaluation set', independent: 'every round has new evaluation images' };

function usedFacts({ used }: Forecast): Fact[] {
  const noise = used.noise.map((value) => decimal(value, DIGITS)).join(', ');
  return [
    ...(used.bar === null ? [] : [['bar', `${decimal(used.bar, DIGITS)} must be met for a claim`] as const]),
    ['round price', `as much as ${plural(Math.round(used.roundPrice), 'image')}`],
    [
      'noise of points',
      `${noise || 'none'}; shared by all ${decimal(used.sharedNoise, DIGITS)} (${LOOKS[used.looks]})`,
    ],
    ['particles', `${whole(used.particles)}, of which ${whole(used.effective)} carry weight; seed ${used.seed}`],
  ];
}
