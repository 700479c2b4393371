import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { LoopFailure, toFailure } from '../../activities/errors.ts';
import { ChecksFailedError, DiskFullError, FolderMissingError } from '../../data/errors.ts';
import { FAILURES } from '../../loop/failure.ts';
import { VisionConnectionError, VisionContractError, VisionHttpError } from '../../vision/errors.ts';

const answer = { method: 'PUT', path: '/computervision/models/a', code: 'code', serviceMessage: 'why' };
const http = (status: number, retryAfterMs?: number) =>
  toFailure(new VisionHttpError({ ...answer, status, retryAfterMs }));

describe('what an activity’s error becomes', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])(
    'HTTP %i is an outage, tried again for as long as it lasts',
    (status) => {
      expect(http(status)).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    },
  );

  it('honours Retry-After, but never as “at once”, which Temporal takes for the end of the retries', () => {
    expect(http(429, 7000)).toMatchObject({ nextRetryDelay: 7000 });
    expect(http(429, 0)).toMatchObject({ nextRetryDelay: undefined });
  });

  it.each([401, 403])('HTTP %i waits for a person, since a key rotation must not end a loop', (status) => {
    expect(http(status)).toMatchObject({ type: 'ServiceUnauthorized', nonRetryable: true });
  });

  it.each([400, 404, 409, 422])('HTTP %i waits for a person, with method, path, status and code', (status) => {
    const failure = http(status);
    expect(failure).toMatchObject({ type: 'ServiceRejected', nonRetryable: true });
    expect(failure.message).toContain(`PUT /computervision/models/a answered ${status} code`);
  });

  it('a lost connection is an outage; a body that does not fit waits for a person', () => {
    const lost = new VisionConnectionError({
      method: 'GET',
      path: '/p',
      origin: 'http://127.0.0.1:1',
      code: 'ECONNREFUSED',
    });
    expect(toFailure(lost)).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
    const odd = new VisionContractError({ method: 'GET', path: '/p', status: 200, reason: 'no status' });
    expect(toFailure(odd)).toMatchObject({ type: 'ServiceContract', nonRetryable: true });
  });

  it('an abort, as of a worker that shuts down, stays one: Temporal gives the step to another worker', () => {
    const abort = new DOMException('The operation was aborted', 'AbortError');
    expect(toFailure(abort)).toBe(abort);
    const cancelled = new CancelledFailure('WORKER_SHUTDOWN');
    expect(toFailure(cancelled)).toBe(cancelled);
  });

  it('a full disk, a missing folder and failed checks wait for a person under their own names', () => {
    expect(toFailure(new DiskFullError('rounds/1/draw.json'))).toMatchObject({ type: 'DiskFull', nonRetryable: true });
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect(toFailure(full)).toMatchObject({ type: 'DiskFull', nonRetryable: true });
    expect(toFailure(new FolderMissingError('/nowhere'))).toMatchObject({ type: 'FolderMissing' });
    const finding = {
      severity: 'error',
      code: 'image-corrupt',
      where: 'a.png',
      message: 'broken',
      fix: 'remove it',
    } as const;
    expect(toFailure(new ChecksFailedError([finding]))).toMatchObject({ type: 'DatasetChecksFailed' });
  });

  it('anything else is told as unexpected rather than retried for ever', () => {
    expect(toFailure(new TypeError('x is undefined'))).toMatchObject({ type: 'Unexpected', nonRetryable: true });
    expect(toFailure('text')).toMatchObject({ type: 'Unexpected' });
  });

  it('keeps the type of every failure that a step names', () => {
    for (const type of Object.keys(FAILURES) as (keyof typeof FAILURES)[]) {
      const failure = toFailure(new LoopFailure(type, 'message'));
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type, nonRetryable: true });
    }
  });

  it('cuts endless messages, so that histories stay small', () => {
    expect(toFailure(new Error('x'.repeat(100_000))).message.length).toBeLessThan(3000);
  });
});
