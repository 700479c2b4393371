import { METRICS_OF, TASKS, type Task } from '../loop/metrics.ts';
import { type At, dialProblems, reader, type SpecProblem } from './dial-problems.ts';

const PATHS = {
  target: ['target'],
  metric: ['metric'],
  confidence: ['forecast', 'confidence'],
  giveUp: ['forecast', 'giveUp'],
  prices: ['prices'],
  claim: ['claim'],
};

/** What no single field shows: fields that contradict each other. Reads the raw document, so that one pass tells all. */
export function contradictions(document: unknown): SpecProblem[] {
  const at = reader(document);
  const classes = at('classes');
  const problems: SpecProblem[] = [];
  if (at('collector', 'kind') === 'people' && classes === undefined) {
    problems.push({ path: ['classes'], message: 'is missing; the people collector needs the class names' });
  }
  const task = TASKS.find((known) => known === (at('task') ?? 'classification'));
  if (Array.isArray(classes)) problems.push(...classProblems(classes, task));
  problems.push(...(task ? taskProblems(at, task) : []), ...budgetProblems(at), ...dialsOf(at));
  return problems;
}

function dialsOf(at: At): SpecProblem[] {
  const classes = at('classes');
  return dialProblems(
    {
      target: at('target'),
      metric: at('metric'),
      classes: Array.isArray(classes) ? classes.length : undefined,
      confidence: at('forecast', 'confidence'),
      giveUp: at('forecast', 'giveUp'),
      image: at('prices', 'image'),
      trainingHour: at('prices', 'trainingHour'),
      boundWithoutSet: at('claim') === 'lower-bound' && at('evaluation') === undefined,
    },
    PATHS,
  );
}

/** A metric, a budget or a folder that belongs to another task. */
function taskProblems(at: At, task: Task): SpecProblem[] {
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

function classProblems(classes: unknown[], task: Task | undefined): SpecProblem[] {
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
  return problems;
}

/** The cap on images is held against the first round where the classes are known, see `firstRound`. */
function budgetProblems(at: At): SpecProblem[] {
  const [training, total] = [at('training', 'hours'), at('caps', 'hours') ?? 24];
  if (typeof training !== 'number' || typeof total !== 'number' || training <= total) return [];
  return [
    {
      path: ['training', 'hours'],
      message: `${training} hours for one training is more than caps.hours (${total}) allows in total`,
    },
  ];
}
