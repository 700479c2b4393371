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
  if (Array.isArray(classes)) problems.push(...classProblems(classes, at('metric')));
  problems.push(...capProblems(at));
  if (at('target') === 0)
    problems.push({
      path: ['target'],
      message: '0 is reached by every model; leave it out to stop when more images no longer help',
    });
  return problems;
}

function classProblems(classes: unknown[], metric: unknown): SpecProblem[] {
  const names = classes.map((name) => String(name).trim());
  const twice = names.flatMap((name, index) => (names.indexOf(name) === index ? [] : [{ name, index }]));
  const problems: SpecProblem[] = twice.map(({ name, index }) => ({
    path: ['classes', index],
    message: `class ${name} is listed twice`,
  }));
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
    perClass * classes.length > images
  ) {
    problems.push({
      path: ['caps', 'images'],
      message: `${images} is less than the first round asks for: ${perClass} images × ${classes.length} classes`,
    });
  }
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
