import { describe, expect, it } from 'vitest';
import {
  controlOf,
  isLive,
  type Experiment,
  type ExperimentEvent,
  type ExperimentStatus,
} from '../../src/experiment/experiment.js';
import { decideMove, windowsOverlap } from '../../src/experiment/move-experiment.js';

const day = (n: number): Date => new Date(Date.UTC(2026, 2, n));
const experiment = (change: Partial<Experiment> = {}): Experiment => ({
  ...{ id: 'e1', key: 'winback', hypothesis: 'h', status: 'DRAFT', modelId: null },
  variants: ['control', 'offer'].map((key) => ({
    ...{ key, weight: 1, control: key === 'control', modelVersionId: null, payload: {} },
  })),
  ...{ trafficShare: 1, holdoutShare: 0, primaryMetric: 'share:purchase', guardrails: [] },
  ...{ lowerIsBetter: [], minimumUsers: 100, prePeriodDays: 28, startsAt: day(1), endsAt: day(8) },
  ...{ startedAt: null, stoppedAt: null, concludedAt: null, winner: null },
  ...{ createdAt: day(1), createdBy: 'test' },
  ...change,
});
const free = { now: day(2), winner: null, running: [] };

describe('the life of an experiment', () => {
  it.each<[ExperimentStatus, ExperimentEvent, ExperimentStatus | null]>([
    ['DRAFT', 'START', 'RUNNING'],
    ['DRAFT', 'STOP', null],
    ['DRAFT', 'CONCLUDE', null],
    ['RUNNING', 'START', null],
    ['RUNNING', 'STOP', 'STOPPED'],
    ['RUNNING', 'CONCLUDE', 'CONCLUDED'],
    ['STOPPED', 'START', 'RUNNING'],
    ['STOPPED', 'STOP', null],
    ['STOPPED', 'CONCLUDE', 'CONCLUDED'],
    ['CONCLUDED', 'START', null],
    ['CONCLUDED', 'STOP', null],
    ['CONCLUDED', 'CONCLUDE', null],
  ])('%s, %s: %s', (status, event, to) => {
    const decided = decideMove(experiment({ status }), event, free);
    if (to === null) expect(decided).toMatchObject({ code: 'CONFLICT', path: ['key'] });
    else expect(decided).toEqual({ from: status, to });
  });

  it('names the status and what it would have to be', () => {
    expect(decideMove(experiment(), 'CONCLUDE', free)).toMatchObject({
      message: 'experiment winback is DRAFT: CONCLUDE is possible when it is RUNNING or STOPPED',
    });
  });

  it('does not start after the end of its window', () => {
    expect(decideMove(experiment(), 'START', { ...free, now: day(8) })).toMatchObject({
      code: 'CONFLICT',
      message:
        'the window of experiment winback ended at 2026-03-08T00:00:00.000Z, it is 2026-03-08T00:00:00.000Z: it cannot be started, who was in which arm can be imported',
    });
  });

  it('starts before its window begins', () => {
    const decided = decideMove(experiment(), 'START', { ...free, now: new Date(0) });
    expect(decided).toMatchObject({ to: 'RUNNING' });
  });

  it('does not start beside another of the model at an overlapping window, and names it', () => {
    const other = experiment({ key: 'older', startsAt: day(7), endsAt: day(20) });
    expect(decideMove(experiment(), 'START', { ...free, running: [other] })).toMatchObject({
      ...{ code: 'CONFLICT', message: expect.stringContaining('experiment older') as string },
    });
    const after = experiment({ key: 'next', startsAt: day(8), endsAt: day(20) });
    expect(decideMove(experiment(), 'START', { ...free, running: [after] })).toMatchObject({
      to: 'RUNNING',
    });
  });

  it.each([
    ['offer', 'CONCLUDED'],
    ['control', 'CONCLUDED'],
    [null, 'CONCLUDED'],
  ])('is concluded with the winner %s', (winner, to) => {
    const running = experiment({ status: 'RUNNING' });
    expect(decideMove(running, 'CONCLUDE', { ...free, winner })).toMatchObject({ to });
  });

  it('is not concluded with a winner that is none of its variants', () => {
    const running = experiment({ status: 'RUNNING' });
    expect(decideMove(running, 'CONCLUDE', { ...free, winner: 'Offer' })).toEqual({
      ...{ code: 'INVALID', path: ['winner'] },
      message: 'winner must be one of control, offer or null, got Offer',
    });
  });
});

describe('the window', () => {
  it.each([
    ['before it begins', 'RUNNING', new Date(day(1).getTime() - 1), false],
    ['at its first instant', 'RUNNING', day(1), true],
    ['at its last millisecond', 'RUNNING', new Date(day(8).getTime() - 1), true],
    ['at its end', 'RUNNING', day(8), false],
    ['when stopped', 'STOPPED', day(2), false],
    ['as a draft', 'DRAFT', day(2), false],
    ['when concluded', 'CONCLUDED', day(2), false],
  ] as const)('%s: %s', (_, status, at, live) => {
    expect(isLive(experiment({ status }), at)).toBe(live);
  });

  it('overlaps another where they share an instant; ends are not part of it', () => {
    const window = (from: number, until: number) => ({ startsAt: day(from), endsAt: day(until) });
    expect(windowsOverlap(window(1, 8), window(8, 9))).toBe(false);
    expect(windowsOverlap(window(8, 9), window(1, 8))).toBe(false);
    expect(windowsOverlap(window(1, 8), window(7, 9))).toBe(true);
    expect(windowsOverlap(window(1, 8), window(2, 3))).toBe(true);
  });
});

it('an experiment has a control', () => {
  expect(controlOf(experiment()).key).toBe('control');
  expect(() => controlOf({ key: 'none', variants: [] })).toThrow('none has no control');
});
