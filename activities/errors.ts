import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DataError } from '../data/errors.ts';
import { FAILURES, type FailureType } from '../loop/failure.ts';
import { redactor } from '../loop/redact.ts';
import { VisionConnectionError, VisionContractError, VisionHttpError } from '../vision/errors.ts';

/** Thrown by an activity for a failure that a person can mend; the loop waits in `needs-attention`. */
export class LoopFailure extends Error {
  readonly type: FailureType;
  constructor(type: FailureType, message: string) {
    super(message);
    this.name = type;
    this.type = type;
  }
}

/**
 * What the codes of a failed training or evaluation mean (contract, training FAQ; both vocabularies), in lower case since services
 * differ in that. Every other code is the service's own fault. `diverged` is none of them: a round without a metric is no failure.
 */
const CODES: Readonly<Record<'training' | 'evaluation', Readonly<Record<string, FailureType>>>> = {
  training: {
    notenoughbudget: 'TrainingBudgetTooSmall',
    datasetcorrupt: 'DatasetCorrupt',
    datasetannotationsinvalid: 'DatasetCorrupt',
    datasetempty: 'DatasetCorrupt',
    datasetnotfound: 'DatasetGone',
  },
  evaluation: {
    modelnotfound: 'ModelGone',
    datasetnotfound: 'DatasetGone',
    datasetcorrupt: 'DatasetCorrupt',
    datasetannotationsinvalid: 'DatasetCorrupt',
    datasetempty: 'DatasetCorrupt',
    incorrectmodelkind: 'ModelKindMismatch',
  },
};

/** The kind of failure that a code of the service means: rules, “When the vision service says no”. */
export function failureOfCode(where: 'training' | 'evaluation', code: string): FailureType {
  return CODES[where][code.toLowerCase()] ?? 'ServiceFault';
}

const LONGEST_MESSAGE = 2000;

/** Servers echo what they were sent, and messages quote addresses: neither may reach a history. */
const redact = redactor(process.env);

/** A service that asks for more is looked at in between, so that its recovery is noticed. */
const LONGEST_DELAY_MS = 15 * 60_000;

/** A text from outside as histories may hold it: without secrets, and not endless. */
export function fitForHistory(text: string): string {
  const message = redact(text);
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)} …` : message;
}

function fatal(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, nonRetryable: true, message: fitForHistory(message) });
}

/** Statuses after which the same request may well succeed: rules, “When the vision service says no”. */
function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function fromHttp(error: VisionHttpError): ApplicationFailure {
  if (isTransient(error.status)) {
    const { retryAfterMs } = error;
    return ApplicationFailure.create({
      type: 'ServiceUnavailable',
      message: fitForHistory(error.message),
      ...(retryAfterMs ? { nextRetryDelay: Math.min(retryAfterMs, LONGEST_DELAY_MS) } : {}),
    });
  }
  const type = error.status === 401 || error.status === 403 ? 'ServiceUnauthorized' : 'ServiceRejected';
  return fatal(type, error.message);
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/**
 * The one map from errors to what Temporal and people see. Outages are retried for as long as they last; all
 * else that goes wrong is told to the workflow at once, which waits for an answer.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  // A worker that shuts down aborts what it runs; Temporal then gives the step to another one, and nobody has to answer.
  if (error instanceof Error && error.name === 'AbortError') return error;
  if (error instanceof LoopFailure) return fatal(error.type, error.message);
  if (error instanceof VisionHttpError) return fromHttp(error);
  if (error instanceof VisionConnectionError) {
    return ApplicationFailure.create({ type: 'ServiceUnavailable', message: fitForHistory(error.message) });
  }
  if (error instanceof VisionContractError) return fatal('ServiceContract', error.message);
  if (error instanceof DataError) return fatal(error.code in FAILURES ? error.code : 'Unexpected', error.message);
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return fatal('DiskFull', String(error));
  return fatal('Unexpected', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
