import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  hasEnded,
  MAX_JOB_ATTEMPTS,
  nextJobStatus,
  type JobEvent,
  type JobStatus,
} from '../../src/job/job.js';

const TABLE: [JobStatus, JobEvent, JobStatus | null][] = [
  ['QUEUED', 'CLAIM', 'RUNNING'],
  ['QUEUED', 'RECLAIM', null],
  ['QUEUED', 'RELEASE', null],
  ['QUEUED', 'SUCCEED', null],
  ['QUEUED', 'FAIL', null],
  ['QUEUED', 'CANCEL', 'CANCELLED'],
  ['RUNNING', 'CLAIM', null],
  ['RUNNING', 'RECLAIM', 'RUNNING'],
  ['RUNNING', 'RELEASE', 'QUEUED'],
  ['RUNNING', 'SUCCEED', 'SUCCEEDED'],
  ['RUNNING', 'FAIL', 'FAILED'],
  ['RUNNING', 'CANCEL', 'CANCELLED'],
];

describe('state machine of a job', () => {
  it.each(TABLE)('%s on %s -> %s', (from, event, to) => {
    expect(nextJobStatus(from, event)).toBe(to);
  });

  it.each(['SUCCEEDED', 'FAILED', 'CANCELLED'] as const)('%s is final', (status) => {
    expect(hasEnded(status)).toBe(true);
    for (const event of ['CLAIM', 'RECLAIM', 'RELEASE', 'SUCCEED', 'FAIL', 'CANCEL'] as const)
      expect(nextJobStatus(status, event)).toBeNull();
  });
});

describe('a failed attempt', () => {
  it.each([
    [1, true, 'RELEASE'],
    [MAX_JOB_ATTEMPTS - 1, true, 'RELEASE'],
    [MAX_JOB_ATTEMPTS, true, 'FAIL'],
    [1, false, 'FAIL'],
  ] as const)('attempt %i, retryable %s -> %s', (attempts, retryable, event) => {
    expect(afterFailure(attempts, { message: 'm', retryable }).event).toBe(event);
  });
});
