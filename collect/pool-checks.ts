import { checkClassNames } from '../data/class-names.ts';
import { duplicate, labelConflict } from '../data/duplicate-checks.ts';
import { type EvaluationImage, readEvaluationSet } from '../data/evaluation-set.ts';
import { checkOverlap, evaluationSide } from '../data/overlap-checks.ts';
import { countPerClass } from '../data/set-checks.ts';
import type { Finding } from '../loop/finding.ts';
import { classesOf, sameLabel } from '../loop/labels.ts';
import type { CollectContext } from './collector.ts';
import type { PoolEntry } from './pool-entry.ts';

/**
 * Checks a hashed pool in one pass: class names, classes with too few usable images, the same bytes twice (kept
 * once; under two labels an error), and what it shares with the evaluation set.
 * @returns the distinct images in the order of the listing.
 */
export async function checkPool(
  ctx: CollectContext,
  pool: { classes: readonly string[]; entries: readonly PoolEntry[] },
): Promise<{ distinct: PoolEntry[]; findings: Finding[] }> {
  const evaluation = await readEvaluationSet(ctx.folder);
  const once = keepOnce(pool.entries);
  const findings = [
    ...checkClassNames(pool.classes),
    ...tooFew(pool.classes, once.distinct, ctx.quotas.minImagesPerClass),
    ...once.findings,
    ...checkOverlap(pool.entries, evaluation.map(evaluationSide)),
    ...classMismatch(pool.classes, evaluation),
  ];
  return { distinct: once.distinct, findings };
}

function keepOnce(entries: readonly PoolEntry[]): { distinct: PoolEntry[]; findings: Finding[] } {
  const first = new Map<string, PoolEntry>();
  const findings: Finding[] = [];
  for (const entry of entries) {
    const seen = first.get(entry.sha256);
    if (seen === undefined) first.set(entry.sha256, entry);
    else if (sameLabel(seen, entry)) findings.push(duplicate(seen, entry));
    else findings.push(labelConflict(seen, entry));
  }
  return { distinct: [...first.values()], findings };
}

/** Before anything is spent: a pool that can never feed a training is refused at once. */
function tooFew(classes: readonly string[], distinct: readonly PoolEntry[], least: number): Finding[] {
  return Object.entries(countPerClass(distinct, classes))
    .filter(([, count]) => count < least)
    .map(([name, count]) => ({
      severity: 'error',
      code: 'class-too-small',
      where: name,
      message: `the class ${JSON.stringify(name)} has ${count} usable images in the pool; training needs at least ${least}`,
      fix: `Put at least ${least - count} more images of that class into the pool, or remove the class.`,
    }));
}

function classMismatch(classes: readonly string[], evaluation: readonly EvaluationImage[]): Finding[] {
  if (evaluation.length === 0) return [];
  const evaluated = new Set(evaluation.flatMap(classesOf));
  return [
    ...classes.filter((name) => !evaluated.has(name)).map((name) => onOneSide(name, 'pool', 'evaluation set')),
    ...[...evaluated]
      .filter((name) => !classes.includes(name))
      .map((name) => onOneSide(name, 'evaluation set', 'pool')),
  ];
}

function onOneSide(name: string, there: string, missing: string): Finding {
  return {
    severity: 'error',
    code: 'class-mismatch',
    where: name,
    message: `the class ${JSON.stringify(name)} is in the ${there} but has no images in the ${missing}`,
    fix: `Add images of that class to the ${missing}, or name the classes of the loop under \`classes\` in the spec.`,
  };
}
