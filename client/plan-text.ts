import { whyNoParts } from '../decide/first-parts.ts';
import { perClassRange } from '../decide/first-round-words.ts';
import { effectiveConfidence } from '../decide/forecast/forecast.ts';
import { asGiven, percentAsGiven, plural, whole } from '../decide/format.ts';
import { FORECAST_DEFAULTS } from '../loop/forecast.ts';
import { plain } from '../loop/markdown.ts';
import type { LoopSpec } from '../loop/spec.ts';
import type { PlanDocument } from './plan-document.ts';

const OR = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** What only the places that a spec names can tell. */
type Listed = Pick<PlanDocument, 'firstRound' | 'evaluation'>;

/**
 * The plan of a loop in a few sentences, for the command line and the Temporal UI.
 * @param listed what the sources hold; absent where nobody has listed them
 */
export function planSentences(spec: LoopSpec, listed?: Listed): string[] {
  return [
    sourceSentence(spec, listed),
    yardstickSentence(spec, listed),
    growthSentence(spec),
    endSentence(spec),
    noMetricSentence(spec),
    capsSentence(spec),
  ];
}

function sourceSentence(spec: LoopSpec, listed?: Listed): string {
  const { task, collector, imagesPerClass, classes } = spec;
  const from = collector.kind === 'pool' ? `drawn from ${collector.path}` : 'handed in by people';
  const each = listed ? perClassRange(listed.firstRound.perClass) : whole(imagesPerClass);
  const over = classes ? ` for each of ${classes.length} classes` : ' per class';
  const counted = task === 'detection' ? '; an image counts for every class that it shows' : '';
  const parts = (listed ? listed.firstRound.parts.length > 0 : hasParts(spec))
    ? ' A quarter and a half of them are trained too, for the forecast.'
    : '';
  return `Begins with ${each} ${each === '1' ? 'image' : 'images'}${over}, ${from}${counted}.${parts}`;
}

/** Whether parts of the first round are trained, as far as the spec alone tells. */
function hasParts({ policy, evaluation, imagesPerClass }: LoopSpec): boolean {
  const conditions = { evaluated: evaluation !== undefined, minimum: 1 };
  return policy === 'forecast' && whyNoParts({ each: imagesPerClass }, conditions) === null;
}

function yardstickSentence({ evaluation, metric }: LoopSpec, listed?: Listed): string {
  if (!evaluation) return `Measures ${metric} on the service’s own hold-out, which is optimistic.`;
  if (listed?.evaluation?.images === 0)
    return `The evaluation set ${evaluation.path} has no image of these classes, so nothing can be measured on it.`;
  const paired = evaluation.predictions ? ', predicting every image of it each round' : '';
  return `Measures ${metric} on the frozen evaluation set ${evaluation.path}${paired}.`;
}

function growthSentence({ task, delta, prices }: LoopSpec): string {
  if (delta.kind === 'forecast') return forecastGrowth(prices);
  if (task === 'detection' && delta.kind === 'geometric')
    return `Each round asks for ${delta.factor} times the images of the smallest class; what other classes have beyond that counts.`;
  return delta.kind === 'geometric'
    ? `Each round has ${delta.factor} times the images of the one before.`
    : `Each round adds ${plural(delta.imagesPerClass, 'image')} per class.`;
}

function forecastGrowth(prices: LoopSpec['prices']): string {
  const most = 'Each round adds what the forecast of the learning curve finds cheapest, at least a quarter';
  if (!prices) return `${most}; a round is taken to cost as much as the images of the first.`;
  const { image, trainingHour, currency } = prices;
  const unit = currency ? ` ${currency}` : '';
  return `${most}, with ${image}${unit} for an image and ${trainingHour}${unit} for a compute hour.`;
}

function endSentence(spec: LoopSpec): string {
  return spec.policy === 'forecast' ? forecastEnd(spec) : thresholdsEnd(spec);
}

function forecastEnd(spec: LoopSpec): string {
  const { target, margin, claim } = spec;
  const { giveUp } = spec.forecast;
  if (target === undefined)
    return `Has no target: stops when doubling the images gains ${asGiven(margin)} with a probability below ${percentAsGiven(giveUp)}.`;
  // Of the evaluation set only counts that there is one.
  const evaluationImages = spec.evaluation ? 1 : null;
  const forecast = { ...FORECAST_DEFAULTS, ...spec.forecast };
  const least = percentAsGiven(effectiveConfidence({ claim, evaluationImages, forecast }));
  const asked = claim === 'lower-bound' ? ' (claim: lower-bound)' : '';
  return (
    `Stops when the target ${asGiven(target)} is met with a probability of at least ${least}${asked}, ` +
    `or within reach of the caps with less than ${percentAsGiven(giveUp)}. Rounds without a real gain are counted and end nothing.`
  );
}

/** Whatever the policy. */
function noMetricSentence({ patience }: LoopSpec): string {
  return patience === 1
    ? 'A round that gives no metric ends it.'
    : `${plural(patience, 'round')} in a row that give no metric end it.`;
}

function thresholdsEnd({ target, claim, margin, patience }: LoopSpec): string {
  const still = `after ${plural(patience, 'round')} in a row without a real gain (at least ${asGiven(margin)}, and more than chance explains)`;
  if (target === undefined) return `Has no target: stops ${still}.`;
  const what = claim === 'measured' ? 'the metric' : 'the lower 95 % bound of the metric';
  return `Stops when ${what} reaches ${asGiven(target)}, or ${still}.`;
}

function capsSentence({ caps }: LoopSpec): string {
  const limits = [plural(caps.hours, 'compute hour'), plural(caps.rounds, 'round')];
  if (caps.images !== undefined) limits.push(plural(caps.images, 'image'));
  if (caps.deadline !== undefined) limits.push(`${caps.deadline} after its start`);
  return `Never goes past ${OR.format(limits)}.`;
}

/** The loop's line in the Temporal UI's list: its title, at most 200 bytes. */
export function staticSummary({ title, name }: LoopSpec): string {
  return cutToBytes(title ?? `Loop ${name}`, 200);
}

/** The plan as Markdown for the Temporal UI. */
export function staticDetails(spec: LoopSpec): string {
  const lines = planSentences(spec).map((sentence) => `- ${plain(sentence)}`);
  return [`**Plan of loop ${spec.name}**`, lines.join('\n')].join('\n\n');
}

function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  let cut = '';
  for (const sign of text) {
    if (Buffer.byteLength(cut) + Buffer.byteLength(sign) + Buffer.byteLength('…') > limit) break;
    cut += sign;
  }
  return `${cut}…`;
}
