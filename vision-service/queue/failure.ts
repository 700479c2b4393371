import type { ErrorDetails } from '../../vision/contract.ts';

/** Code of a failure that only the start of a service meets: its backbone cannot be loaded. */
export const BACKBONE_UNUSABLE = 'backboneUnusable';

/** How many offenders a failure names one by one. */
const MAX_DETAILS = 100;

/** A training, evaluation or prediction that cannot succeed, with its code from the contract. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
  readonly code: string;
  /** Everything that is wrong, one sentence each. */
  readonly problems: readonly string[];

  constructor(code: string, message: string, problems: readonly string[] = []) {
    super(message);
    this.code = code;
    this.problems = problems;
  }
}

/** A failure in the form of the contract; beyond 100 problems only their number is told. */
export function failureDetails(failure: { code: string; message: string; problems: readonly string[] }): ErrorDetails {
  const { code, message, problems } = failure;
  if (problems.length === 0) return { code, message };
  return { code, message, details: problems.slice(0, MAX_DETAILS).map((problem) => ({ code, message: problem })) };
}

/** A failure about a dataset: a headline and the first problem in the message, all of them beside it. */
export function datasetFailure(code: string, dataset: string, problems: readonly string[]): TaskFailure {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new TaskFailure(code, `Dataset "${dataset}": ${problems[0] ?? 'has a defect'}${more}`, problems);
}
