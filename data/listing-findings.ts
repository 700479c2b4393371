import type { Finding } from '../loop/finding.ts';
import type { Task } from '../loop/metrics.ts';

/** A class for which a listing has no image at all; `expected` says where one was looked for. */
export function emptyClass(name: string, expected: string): Finding {
  return {
    severity: 'error',
    code: 'class-empty',
    where: name,
    message: `the class ${JSON.stringify(name)} has no images: ${expected} is missing or holds none`,
    fix: 'Put images of that class there, or remove the class.',
  };
}

/** A class of the listing that the loop does not have and that is passed over. */
export function leftOutClass(where: string, name: string, task: Task = 'classification'): Finding {
  const what = task === 'detection' ? 'boxes' : 'images';
  return {
    severity: 'warning',
    code: 'class-left-out',
    where,
    message: `${JSON.stringify(name)} is not among the loop’s classes; its ${what} are left out`,
    fix: 'Nothing to do, unless it should be a class: then add it to `classes` of the spec.',
  };
}
