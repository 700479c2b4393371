/** Nothing that deltaloop reads is nested deeper than a dozen levels; code that walks a value must not run out of stack. */
const DEEPEST = 100;

/**
 * What makes a parsed JSON or YAML value unfit to be looked at, as the rest of a sentence; undefined when nothing does.
 * Nesting without end, and the key `__proto__`, which no format of ours has and which could change other objects.
 */
export function shapeProblem(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return `is nested more than ${DEEPEST} levels deep`;
    const groups = level.filter((item) => typeof item === 'object' && item !== null);
    if (groups.some((group) => Object.hasOwn(group, '__proto__'))) return 'has the key __proto__, which is never taken';
    level = groups.flatMap((group) => Object.values(group));
  }
  return undefined;
}

/** Characters of a class name: it stands in tables, file names and histories. */
export const LONGEST_CLASS_NAME = 128;

/** Whether a name is one that every object has, such as `constructor`: counts by that name would go wrong. */
export function isReservedName(name: string): boolean {
  return name in Object.prototype;
}
