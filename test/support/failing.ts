import type { FaultRules } from '../../vision-service/faults/schema.ts';

type Rule = FaultRules[number];

/** Lets the trainings of a loop fail with a code: those whose attempts are named, or all of round 1. */
export function failingTraining(loop: string, code: string, more: { attempts?: string; message?: string } = {}): Rule {
  return failing('training', loop, { code, ...more });
}

/** The same for evaluations: the first so many of every model of the loop. */
export function failingEvaluation(loop: string, code: string, times: number): Rule {
  return { ...failing('evaluation', loop, { code }), times };
}

function failing(
  of: 'training' | 'evaluation',
  loop: string,
  { code, message, attempts = '[0-9]+' }: { code: string; message?: string; attempts?: string },
): Rule {
  return {
    match: { models: `^${loop}-r1-[0-9a-f]{12}-(?:${attempts})$` },
    fault: { kind: 'failure', of, code, ...(message === undefined ? {} : { message }) },
  };
}
