import type { LoopSpec } from './spec.ts';

/**
 * What a person may change of a running loop, by the dotted key of its spec; null takes a value away. Never the evaluation set,
 * so that every round keeps the same yardstick, and never an address: services are named by profile.
 */
export interface Changes {
  /** Training compute hours of the whole loop, at least 1. */
  'caps.hours'?: number;
  /** Accepted training images, all classes together. */
  'caps.images'?: number | null;
  'caps.rounds'?: number;
  /** 0–1. */
  target?: number | null;
  /** Whole compute hours of one training. */
  'training.hours'?: number | null;
  'delta.kind'?: 'fixed' | 'geometric' | 'forecast';
  /** Growth of images per class each round, above 1. */
  'delta.factor'?: number;
  /** New images per class each round. */
  'delta.imagesPerClass'?: number;
  /** Where the pool lies now, absolute. */
  'collector.path'?: string;
  /** Name of a vision service profile in the worker’s settings. */
  service?: string;
}

export type ChangeKey = keyof Changes;

interface Rule {
  fits: (value: unknown) => boolean;
  /** What would fit, to be read after “must be”. */
  must: string;
}

const number = (fits: (value: number) => boolean, must: string): Rule => ({
  fits: (value) => typeof value === 'number' && Number.isFinite(value) && fits(value),
  must,
});
const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Rule =>
  number(
    (value) => Number.isInteger(value) && value >= least && value <= most,
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${least}`
      : `a whole number from ${least} to ${most.toLocaleString('en')}`,
  );
const text = (pattern: RegExp, must: string): Rule => ({
  fits: (value) => typeof value === 'string' && pattern.test(value),
  must,
});
const orNone = ({ fits, must }: Rule): Rule => ({
  fits: (value) => value === null || fits(value),
  must: `${must}, or none (null in JSON)`,
});

/** The same bounds as the spec’s schema, by hand: the workflow has no room for a schema library, and a test compares them. */
const CHANGE_RULES: Record<ChangeKey, Rule> = {
  'caps.hours': number((value) => value >= 1, 'a number of at least 1'),
  'caps.images': orNone(whole(1)),
  'caps.rounds': whole(1),
  target: orNone(number((value) => value >= 0 && value <= 1, 'a number from 0 to 1')),
  'training.hours': orNone(whole(1, 1344)),
  'delta.kind': text(/^(fixed|geometric|forecast)$/, 'fixed, geometric or forecast'),
  'delta.factor': number((value) => value > 1 && value <= 10, 'a number above 1, and at most 10'),
  'delta.imagesPerClass': whole(1),
  'collector.path': text(/^(\/|[A-Za-z]:\\)[^\0]*$/, 'an absolute path'),
  service: text(/^[a-z0-9][a-z0-9-]{0,31}$/, 'the name of a profile in the worker’s settings'),
};

export const CHANGE_KEYS = Object.keys(CHANGE_RULES) as ChangeKey[];

function isKey(key: string): key is ChangeKey {
  return Object.hasOwn(CHANGE_RULES, key);
}

/**
 * Everything that is wrong with a set of changes for a loop, in sentences; empty when it can be applied.
 * @param spec the spec in force; undefined where it cannot be read, and then nothing is held against it
 */
export function changeProblems(spec: LoopSpec | undefined, set: unknown): string[] {
  if (typeof set !== 'object' || set === null || Array.isArray(set)) {
    return ['“set” must be an object such as {"caps.hours": 30}.'];
  }
  const entries = Object.entries(set);
  if (entries.length === 0) return [`Nothing is changed; what can be changed: ${CHANGE_KEYS.join(', ')}.`];
  const problems = entries.flatMap(([key, value]) => problemOf(key, value));
  if (problems.length > 0 || spec === undefined) return problems;
  return contradictions(spec, set as Changes);
}

function problemOf(key: string, value: unknown): string[] {
  if (isKey(key)) {
    const { fits, must } = CHANGE_RULES[key];
    return fits(value) ? [] : [`${key} must be ${must}; it is ${JSON.stringify(value) ?? 'nothing'}.`];
  }
  if (key.split('.')[0] === 'evaluation') {
    return [
      'The evaluation set of a loop never changes: every round is measured with the same yardstick. Start a new loop with `deltaloop start SPEC --from LOOP`.',
    ];
  }
  if (key === 'caps.deadline')
    return ['caps.deadline cannot be changed: the loop’s end is an instant fixed at its start.'];
  return [`${JSON.stringify(key)} cannot be changed; what can be: ${CHANGE_KEYS.join(', ')}.`];
}

function contradictions(spec: LoopSpec, set: Changes): string[] {
  const problems: string[] = [];
  const kind = set['delta.kind'] ?? spec.delta.kind;
  if (set['delta.factor'] !== undefined && kind !== 'geometric')
    problems.push(`delta.factor belongs to the kind geometric, but δ is ${kind}: change delta.kind as well.`);
  if (set['delta.imagesPerClass'] !== undefined && kind !== 'fixed')
    problems.push(`delta.imagesPerClass belongs to the kind fixed, but δ is ${kind}: change delta.kind as well.`);
  if (set['delta.kind'] === 'fixed' && spec.delta.kind !== 'fixed' && set['delta.imagesPerClass'] === undefined)
    problems.push('delta.kind fixed needs delta.imagesPerClass as well.');
  if (set['collector.path'] !== undefined && spec.collector.kind !== 'pool')
    problems.push('collector.path belongs to a pool; this loop collects from people.');
  if (set.target === null && spec.claim === 'lower-bound')
    problems.push('A loop that claims its target by the lower bound needs a target.');
  if (set.target === 0)
    problems.push('The target 0 is reached by every model; set none to stop when more images no longer help.');
  const hours = set['training.hours'];
  if (spec.task === 'classification' && typeof hours === 'number' && hours > CLASSIFIER_HOURS)
    problems.push(`training.hours ${hours} is more than ${CLASSIFIER_HOURS}, the longest training of a classifier.`);
  return problems;
}

/** Whole compute hours; the vision API’s documentation. The rule above holds a detector’s longer one. */
const CLASSIFIER_HOURS = 336;

/** The spec with changes applied that have no problems; the spec itself is left alone. */
export function withChanges(spec: LoopSpec, changes: Changes | undefined): LoopSpec {
  if (changes === undefined) return spec;
  const { target, caps, training, collector, ...rest } = spec;
  const path = changes['collector.path'];
  return {
    ...rest,
    ...optional('target', changes.target, target),
    caps: {
      ...caps,
      hours: changes['caps.hours'] ?? caps.hours,
      rounds: changes['caps.rounds'] ?? caps.rounds,
      ...optional('images', changes['caps.images'], caps.images),
    },
    training: { ...training, ...optional('hours', changes['training.hours'], training.hours) },
    collector: collector.kind === 'pool' && path !== undefined ? { ...collector, path } : collector,
    delta: deltaOf(spec.delta, changes),
    service: changes.service ?? spec.service,
  };
}

/** A key that may be absent: `undefined` keeps what was, null takes it away. */
function optional<K extends string, V>(key: K, changed: V | null | undefined, before: V | undefined): { [P in K]?: V } {
  const value = changed === undefined ? before : (changed ?? undefined);
  return { [key]: value } as { [P in K]?: V };
}

const GROWTH = 1.6;

function deltaOf(delta: LoopSpec['delta'], changes: Changes): LoopSpec['delta'] {
  switch (changes['delta.kind'] ?? delta.kind) {
    case 'forecast':
      return { kind: 'forecast' };
    case 'geometric':
      return {
        kind: 'geometric',
        factor: changes['delta.factor'] ?? (delta.kind === 'geometric' ? delta.factor : GROWTH),
      };
    case 'fixed': {
      const before = delta.kind === 'fixed' ? delta.imagesPerClass : 1;
      return { kind: 'fixed', imagesPerClass: changes['delta.imagesPerClass'] ?? before };
    }
  }
}

/** What the changed keys hold in a spec, for the record of what was before; null where nothing is set. */
export function valuesOf(spec: LoopSpec, keys: readonly ChangeKey[]): Record<string, string | number | null> {
  return Object.fromEntries(
    keys.map((key) => {
      const [head = '', tail] = key.split('.');
      const value: unknown = (spec as Record<string, unknown>)[head];
      const inner = tail === undefined ? value : (value as Record<string, unknown> | undefined)?.[tail];
      return [key, typeof inner === 'string' || typeof inner === 'number' ? inner : null];
    }),
  );
}

/** `caps.hours = 30, target = none`. */
export function changesInWords(set: Changes): string {
  return Object.entries(set)
    .map(([key, value]) => `${key} = ${value ?? 'none'}`)
    .join(', ');
}
