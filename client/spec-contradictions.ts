import { FORECAST_DEFAULTS } from '../loop/forecast.ts';
import { METRICS_OF, TASKS, type Task } from '../loop/metrics.ts';

/** One thing wrong with a spec: where in the document, and one sentence. */
export interface SpecProblem {
  path: PropertyKey[];
  message: string;
  /** Set when the problem is the key at the end of `path`, not its value. */
  isKey?: boolean;
}

/** What no single field shows: fields that contradict each other. Reads the raw document, so that one pass tells all. */
export function contradictions(document: unknown): SpecProblem[] {
  const at = (...path: string[]) => valueAt(document, path);
  const classes = at('classes');
  const problems: SpecProblem[] = [];
  if (at('collector', 'kind') === 'people' && classes === undefined) {
    problems.push({ path: ['classes'], message: 'is missing; the people collector needs the class names' });
  }
  const task = TASKS.find((known) => known === (at('task') ?? 'classification'));
  if (Array.isArray(classes)) problems.push(...classProblems(classes, { metric: at('metric'), task }));
  problems.push(...(task ? taskProblems(at, task) : []), ...capProblems(at), ...forecastProblems(at));
  if (at('target') === 0)
    problems.push({
      path: ['target'],
      message: '0 is reached by every model; leave it out to stop when more images no longer help',
    });
  return problems;
}

/** A metric, a budget or a folder that belongs to another task. */
function taskProblems(at: (...path: string[]) => unknown, task: Task): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const metric = at('metric');
  const other = TASKS.find((each) => each !== task && METRICS_OF[each].some((name) => name === metric));
  if (other) problems.push({ path: ['metric'], message: metricOfOther(String(metric), task, other) });
  const hours = at('training', 'hours');
  if (task === 'classification' && typeof hours === 'number' && hours > CLASSIFIER_HOURS && hours <= DETECTOR_HOURS)
    problems.push({
      path: ['training', 'hours'],
      message: `${hours} is more than ${CLASSIFIER_HOURS}, the longest training of a classifier`,
    });
  return problems;
}

/** The longest trainings, whole compute hours; the vision API's documentation. The schema holds the longer one. */
const [CLASSIFIER_HOURS, DETECTOR_HOURS] = [336, 1344];

function metricOfOther(metric: string, task: Task, other: Task): string {
  const [first, ...more] = METRICS_OF[task];
  const what =
    other === 'detection' ? 'measures boxes, which only a detector finds' : 'measures the class of a whole image';
  return `${metric} ${what}; with task: ${task} use ${first} (the default) or ${more.join(', ')}, or set task: ${other}`;
}

function classProblems(
  classes: unknown[],
  { metric, task }: { metric: unknown; task: Task | undefined },
): SpecProblem[] {
  const names = classes.map((name) => String(name).trim());
  const twice = names.flatMap((name, index) => (names.indexOf(name) === index ? [] : [{ name, index }]));
  const problems: SpecProblem[] = twice.map(({ name, index }) => ({
    path: ['classes', index],
    message: `class ${name} is listed twice`,
  }));
  if (task === 'classification' && classes.length === 1)
    problems.push({
      path: ['classes'],
      message: 'needs at least 2 entries; a single class can only be found with task: detection',
    });
  if (metric === 'accuracyTop5' && classes.length <= 5) {
    problems.push({
      path: ['metric'],
      message: `accuracyTop5 is always 1 with ${classes.length} classes; use accuracyTop1`,
    });
  }
  return problems;
}

function capProblems(at: (...path: string[]) => unknown): SpecProblem[] {
  const [training, total, images, perClass, classes] = [
    at('training', 'hours'),
    at('caps', 'hours') ?? 24,
    at('caps', 'images'),
    at('imagesPerClass') ?? 3,
    at('classes'),
  ];
  const problems: SpecProblem[] = [];
  if (typeof training === 'number' && typeof total === 'number' && training > total) {
    problems.push({
      path: ['training', 'hours'],
      message: `${training} hours for one training is more than caps.hours (${total}) allows in total`,
    });
  }
  if (
    typeof images === 'number' &&
    typeof perClass === 'number' &&
    Array.isArray(classes) &&
    at('task') !== 'detection' &&
    perClass * classes.length > images
  ) {
    problems.push({
      path: ['caps', 'images'],
      message: `${images} is less than the first round asks for: ${perClass} images × ${classes.length} classes`,
    });
  }
  return problems;
}

/** Dials of the forecast that cannot stand together. */
function forecastProblems(at: (...path: string[]) => unknown): SpecProblem[] {
  const [confidence, giveUp] = [
    at('forecast', 'confidence') ?? FORECAST_DEFAULTS.confidence,
    at('forecast', 'giveUp') ?? FORECAST_DEFAULTS.giveUp,
  ];
  const problems: SpecProblem[] = [];
  if (typeof confidence === 'number' && typeof giveUp === 'number' && giveUp >= confidence)
    problems.push({
      path: ['forecast', at('forecast', 'giveUp') === undefined ? 'confidence' : 'giveUp'],
      message: `giveUp (${giveUp}) must be below confidence (${confidence}), or a target would be given up as soon as it cannot be claimed`,
    });
  if (at('prices', 'image') === 0 && at('prices', 'trainingHour') === 0)
    problems.push({
      path: ['prices'],
      message: 'are both 0, so no δ would be cheaper than another; leave prices out when nothing is known of them',
    });
  return problems;
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
