import { ENOUGH_POINTS } from '../decide/forecast/forecast.ts';
import { GROWTHS, MOST_GROWTH } from '../decide/forecast/plan.ts';
import { asGiven, decimal, minutes, plural, roughly, whole } from '../decide/format.ts';
import type { Projection } from '../decide/plan-rounds.ts';
import { money, price } from './figures.ts';
import type { Output } from './output.ts';
import type { TrainingBudget } from './plan-document.ts';
import type { PlannedLoop } from './plan-loop.ts';
import { type Cell, factsText, printable, textTable, wrapWords } from './text-table.ts';

/** Of long tables, the first and the last rows are shown. */
const [HEAD, TAIL] = [12, 2];

/** What a loop would do, for people; lines of at most `width` characters. */
export function planText(plan: PlannedLoop, { style, width }: Pick<Output, 'style' | 'width'>): string {
  const wrap = (text: string) => wrapWords(printable(text), width);
  const sections: [string, string][] = [
    [paceTitle(plan), [roundsTable(plan), ...endSentences(plan).map(wrap)].join('\n')],
    ['At worst', [factsText(worstFacts(plan), width), ...partsSentences(plan).map(wrap)].join('\n')],
    ['The evaluation set', wrap(evaluationSentence(plan))],
    ['The budget of one training', budgetSentences(plan).map(wrap).join('\n')],
  ];
  const title = plan.title === plan.loop ? '' : `  ${printable(plan.title)}`;
  return [
    `${style('bold', plan.loop)}${title}\n${plan.sentences.map(wrap).join('\n')}`,
    ...sections.map(([heading, text]) => `${style('bold', wrap(heading))}\n${text}`),
    plan.warnings.map((warning) => style('yellow', wrap(`Note: ${warning}`))).join('\n'),
    `Nothing was started. Next: ${plan.next}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function paceTitle({ delta, target }: PlannedLoop): string {
  const pace = delta.kind === 'forecast' ? ', at the slowest pace' : '';
  const unmet = target === null ? 'if nothing ends the loop before its caps' : 'if none meets the target';
  return `Rounds${pace}, ${unmet} and every training uses all it reserves`;
}

function roundsTable({ rounds, prices }: PlannedLoop): string {
  const unit = prices?.currency ? ` (${printable(prices.currency)})` : '';
  const header = [
    'round',
    'images',
    'per class',
    'reserves',
    'hours so far',
    ...(prices ? [`money so far${unit}`] : []),
  ];
  const rows = rounds.map(
    ({ round, images, perClass: [least, most], reservedHours, hoursSoFar, costSoFar }): Cell[] => [
      whole(round),
      whole(images),
      least === most ? whole(least) : `${whole(least)}–${whole(most)}`,
      `${whole(reservedHours)} h`,
      `${whole(hoursSoFar)} h`,
      ...(costSoFar === null ? [] : [money(costSoFar)]),
    ],
  );
  if (rows.length <= HEAD + TAIL + 1) return textTable(header, rows);
  return textTable(header, [...rows.slice(0, HEAD), header.map(() => '…'), ...rows.slice(-TAIL)]);
}

function endSentences(plan: PlannedLoop): string[] {
  const { rounds, end, caps, delta } = plan;
  const ends = `${endWords(rounds.length, end)}${caps.deadline ? ` The deadline of ${caps.deadline} may end it before.` : ''}`;
  return delta.kind === 'forecast' ? [ends, growthWords(plan), reachWords(plan)] : [ends];
}

/** Parts of the first round are points too: with enough of them nothing has to double. */
function growthWords({ firstRound, target }: PlannedLoop): string {
  const most = target === null ? Math.max(...GROWTHS) : MOST_GROWTH;
  const inside = `by at least a quarter and to at most ${most === 2 ? 'twice' : 'four times'} as many`;
  return firstRound.parts.length + 1 >= ENOUGH_POINTS
    ? `A forecast grows the images ${inside} each round.`
    : `A forecast doubles the images until there are ${ENOUGH_POINTS} points, then grows them ${inside} each round.`;
}

function reachWords({ toImageLimit }: PlannedLoop): string {
  if (toImageLimit === null) return 'Neither an image cap nor the source limits the images: only hours and rounds do.';
  const { images, least, most } = toImageLimit;
  const when =
    least === most
      ? `in round ${whole(least)}`
      : `in round ${whole(least)} at the earliest and in round ${whole(most)} at the latest`;
  return `All ${plural(images, 'image')} that cap and source allow are reached ${when}, if the other caps let it.`;
}

function endWords(rounds: number, end: Projection['end']): string {
  if (end === null) return `No cap ends it within these ${plural(rounds, 'round')}.`;
  if (rounds === 0) return `Not one round can be trained: ${end.outcome}, since ${end.reason}.`;
  return `What ends it first: ${end.outcome} after round ${whole(rounds)}, since ${end.reason}.`;
}

function worstFacts({ worst, repeated, caps, prices }: PlannedLoop): [string, string][] {
  const { hours, images, cost } = worst;
  const limit = caps.images !== null && images === caps.images ? 'caps.images' : 'what the rounds and the source allow';
  const facts: [string, string][] = [
    [
      'compute',
      `${minutes(hours * 60)} (${hours < repeated.hours ? 'what the rounds reserve at most' : 'caps.hours'})`,
    ],
    ['images', images === null ? 'nothing limits them: set caps.images' : `${plural(images, 'image')} (${limit})`],
  ];
  if (prices !== null) {
    const { image, trainingHour, currency } = prices;
    const each = `${price(image, currency)} an image, ${price(trainingHour, currency)} a compute hour`;
    const sum = cost === null ? 'nothing limits it, as nothing limits the images' : money(cost, currency);
    facts.push(['money', `${sum} (${each})`]);
  }
  if (hours >= repeated.hours) return facts;
  const most = repeated.cost === null ? '' : `, ${money(repeated.cost, prices?.currency)}`;
  const what = 'trainings that fail or need a larger budget are repeated, which never goes past';
  return [...facts, ['repeats', `${what} ${minutes(repeated.hours * 60)} in all (caps.hours)${most}`]];
}

function partsSentences({ firstRound, policy }: PlannedLoop): string[] {
  const { parts, skipped } = firstRound;
  if (policy === 'thresholds') return [];
  if (skipped !== null) return [skipped];
  const sizes = parts.map(({ images }) => whole(images)).join(' and ');
  return [
    `Parts of round 1 with ${sizes} images are trained too: points for the forecast that cost no images. Their hours are in those of round 1.`,
  ];
}

function evaluationSentence({ evaluation, margin }: PlannedLoop): string {
  if (evaluation === null) return 'There is none, so nobody can tell which gains are more than chance.';
  if (evaluation.gain === null) return 'It has no image of these classes.';
  const { images, gain, enough, supposing } = evaluation;
  const size = plural(images, 'image');
  const sees =
    gain >= 1
      ? `Its ${size} are too few to see any gain`
      : `On its ${size}, a difference between two rounds of less than ±${decimal(gain, 3)} may be chance`;
  const needs =
    enough === null
      ? ''
      : ` A gain of ${asGiven(margin)}, the margin, takes about ${plural(roughly(enough), 'image')}.`;
  return `${sees}, supposing ${supposing}.${needs}`;
}

function budgetSentences({ budget, caps }: PlannedLoop): string[] {
  const { trainingHours, first, last, held } = budget;
  const sizes = first.images === last.images ? [first] : [first, last];
  const own =
    trainingHours === null
      ? 'training.hours is not set, so what is suggested is reserved, inside the caps.'
      : `training.hours reserves ${plural(trainingHours, 'hour')} for each, inside the caps.`;
  const short = trainingHours === null ? undefined : sizes.find(({ minimumHours }) => minimumHours > trainingHours);
  return [
    `Suggested: ${sizes.map(suggestion).join('; ')}. ${own}`,
    ...(short === undefined
      ? []
      : [`That is less than the ${short.minimumHours} hours that ${plural(short.images, 'image')} take at least.`]),
    held
      ? `caps.hours (${caps.hours}) holds the reservations of all rounds above.`
      : `caps.hours (${caps.hours}) ends the rounds above or cuts their last reservation. What a training does not use is free again, so usually more rounds fit.`,
  ];
}

function suggestion({ images, minimumHours, suggestedHours }: TrainingBudget): string {
  return `${plural(suggestedHours, 'hour')} for ${plural(images, 'image')} (minimum ${plural(minimumHours, 'hour')})`;
}
