import { closest, distance } from 'fastest-levenshtein';
import type { Finding } from '../loop/finding.ts';
import { isReservedName, LONGEST_CLASS_NAME } from '../loop/shape.ts';

/** Every name is compared with every other; beyond so many, no service takes them and no person reads the pairs. */
const MOST_COMPARED = 2000;

/** A class name as it is compared and stored: composed Unicode (file systems differ), no space around it. */
export function className(name: string): string {
  return name.normalize('NFC').trim();
}

/** ` Did you mean "…"?` when one of `known` is near `name` (two letters or a third of them differ); else nothing. */
function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const folded = new Map(known.map((each) => [each.toLowerCase(), each]));
  const best = closest(name.toLowerCase(), [...folded.keys()]);
  const near = distance(name.toLowerCase(), best) <= Math.max(2, Math.floor(best.length / 3));
  return near ? ` Did you mean ${JSON.stringify(folded.get(best))}?` : '';
}

/** The finding for a folder or category that is none of the loop's classes. */
export function unknownClass(where: string, name: string, classes: readonly string[]): Finding {
  return {
    severity: 'error',
    code: 'class-unknown',
    where,
    message: `${JSON.stringify(name)} is not a class of this loop (${classes.join(', ')}).${didYouMean(name, classes)}`,
    fix: 'Rename it to the class that is meant, or take it out.',
  };
}

/** Class names that are reserved, too long or twice in the list (errors), or so alike that they are likely one class (warning). */
export function checkClassNames(classes: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const essences = classes.length > MOST_COMPARED ? [] : classes.map(essence);
  const seen = new Set<string>();
  classes.forEach((name, at) => {
    if (isReservedName(name)) findings.push(reserved(name));
    if (name.length > LONGEST_CLASS_NAME) findings.push(long(name));
    if (seen.has(name)) findings.push(sameName(name));
    seen.add(name);
    for (let after = at + 1; after < essences.length; after += 1) {
      const other = classes[after];
      const same = nearlySame(essences[at], essences[after]);
      if (other !== undefined && other !== name && same) findings.push(alike(name, other));
    }
  });
  return findings;
}

/** Lengths are looked at first: the time to compare two names grows with their product. */
function nearlySame(left = '', right = ''): boolean {
  if (left === right) return true;
  const [short, long] = [Math.min(left.length, right.length), Math.max(left.length, right.length)];
  return short >= 6 && long <= LONGEST_CLASS_NAME && long - short <= 1 && distance(left, right) === 1;
}

function essence(name: string): string {
  const letters = name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return letters.length > 3 ? letters.replace(/s$/, '') : letters;
}

function sameName(name: string): Finding {
  return {
    severity: 'error',
    code: 'class-duplicate',
    where: name,
    message: `the class ${JSON.stringify(name)} is named twice`,
    fix: 'Give every class a name of its own.',
  };
}

function reserved(name: string): Finding {
  return {
    severity: 'error',
    code: 'class-reserved',
    where: name,
    message: `the class name ${JSON.stringify(name)} is one that programs keep for themselves`,
    fix: 'Give the class another name.',
  };
}

function long(name: string): Finding {
  const shown = `${name.slice(0, 40)}…`;
  return {
    severity: 'error',
    code: 'class-long',
    where: shown,
    message: `the class name ${JSON.stringify(shown)} has ${name.length} characters; at most ${LONGEST_CLASS_NAME} are taken`,
    fix: 'Give the class a shorter name.',
  };
}

function alike(name: string, other: string): Finding {
  return {
    severity: 'warning',
    code: 'class-names-alike',
    where: name,
    message: `the class names ${JSON.stringify(name)} and ${JSON.stringify(other)} are nearly the same`,
    fix: 'If they mean one class, put them together; otherwise give them names that tell them apart.',
  };
}
