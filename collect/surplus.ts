import { countPerClass } from '../data/set-checks.ts';
import type { Finding } from '../loop/finding.ts';
import type { Labelled } from '../loop/labels.ts';
import type { ClassCounts } from '../loop/round.ts';

/** A draw of images that show several classes each, and what the loop had before. */
export interface Drawn {
  owned: readonly Labelled[];
  images: readonly Labelled[];
  need: ClassCounts;
}

/**
 * Images of each class beyond what was asked so far, and a warning that says so. What was asked is one goal for all classes: what
 * those that asked had before, and their need.
 * @returns classes with a surplus only
 */
export function surplusOf({ owned, images, need }: Drawn): { surplus: ClassCounts; findings: Finding[] } {
  const asked = Object.entries(need).filter(([, count]) => count > 0);
  // Without a goal nothing is beyond it: the largest of no numbers is −∞, which no file can hold.
  if (asked.length === 0) return { surplus: {}, findings: [] };
  const before = countPerClass(owned, []);
  const goal = Math.max(...asked.map(([name, count]) => count + (before[name] ?? 0)));
  const after = Object.entries(countPerClass([...owned, ...images], []));
  const beyond = after.flatMap(([name, count]) => (count > goal ? [[name, count - goal] as const] : []));
  const findings = beyond.length > 0 && images.length > 0 ? [surplusFinding(beyond, goal)] : [];
  return { surplus: Object.fromEntries(beyond), findings };
}

function surplusFinding(beyond: readonly (readonly [string, number])[], goal: number): Finding {
  const classes = beyond.map(([name, count]) => `${name} ${count}`).join(', ');
  return {
    severity: 'warning',
    code: 'class-surplus',
    where: beyond[0]?.[0] ?? '',
    message: `more images than the ${goal} asked for so far show some classes: ${classes} more; an image counts for every class that it shows`,
    fix: 'Nothing to do: the surplus is trained on and counts for the next rounds. Pictures that show only the rarer classes would make it smaller.',
  };
}
