import { describe, expect, it } from 'vitest';
import { answerDrift, type AnswerDriftDeps } from '../../src/drift/answer-drift.js';
import { countWindow } from '../../src/drift/count-window.js';
import { keepRows } from '../../src/drift/keep-rows.js';
import { labelsOf } from '../../src/drift/labels-of.js';
import { planDrift, planReset } from '../../src/drift/plan-drift.js';
import { sketchReference, type ScoredTable } from '../../src/drift/reference.js';
import { requestChecks } from '../../src/drift/request-check.js';
import type { Job } from '../../src/job/job.js';
import type { BehaviourLabelQuery } from '../../src/model/labels.js';
import type { ServedModel } from '../../src/model/serving.js';
import { versionRecord } from '../model/version-record.js';
import { churnSpec } from '../support/demo-shop.js';

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n));
const VERSION = '01900000-0000-7000-8000-000000000001';

/** Rows without inputs: scores alone. */
const scored = (probability: readonly number[]): ScoredTable => ({
  table: {
    ...{ rows: probability.length, numericNames: [], categoricalNames: [] },
    ...{ numeric: new Float32Array(0), categorical: [] },
  },
  probability: Float64Array.from(probability),
});

describe('a reference', () => {
  it('is made of the scores of rows that were not learnt from, where there are 30 of them', async () => {
    const of = (rows: number) => {
      // right on every second row, which is a test row
      const probability = Array.from({ length: rows }, (_, row) => (row % 2 === 0 ? 0.9 : 0.2));
      const isTestRow = (row: number): boolean => row % 2 === 0;
      return sketchReference(scored(probability), new Uint8Array(rows).fill(1), 0.5, isTestRow);
    };
    expect(await of(60)).toMatchObject({
      ...{ scores: { rows: 30, min: 0.9 }, accuracy: { rows: 30, accuracy: 1 } },
      labels: { rows: 60, positive: 60 },
    });
    expect((await of(60)).expected.accuracy).toBeCloseTo(0.9, 12);
    expect(await of(58)).toMatchObject({
      ...{ scores: { rows: 58, min: 0.2 }, accuracy: { rows: 58, accuracy: 0.5 } },
    });
  });

  it('of more rows than are kept is a sample of the same chance for each', () => {
    const kept = keepRows({ numericNames: [], categoricalNames: [] }, 200);
    for (let chunk = 0; chunk < 20; chunk += 1)
      kept.add(scored(Array.from({ length: 100 }, (_, row) => (chunk * 100 + row) / 2_000)));
    expect(kept.rows()).toBe(2_000);
    const { probability, table } = kept.kept();
    expect([table.rows, probability.length, new Set(probability).size]).toEqual([200, 200, 200]);
    const mean = probability.reduce((sum, value) => sum + value, 0) / 200;
    // 4 standard errors of 200 uniform draws
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 200));
  });
});

describe('a window', () => {
  it('expects to be right as often as its scores say, on the sides of the threshold of the version', async () => {
    const { expected, add } = countWindow(
      await sketchReference(scored([0.1, 0.9]), null, 0.8, null),
      0.8,
    );
    add(scored([0.9, 0.7]));
    add(scored([0.1]));
    expect(expected().rows).toBe(3);
    // 0.7 is called negative there, and is with a chance of 0.3
    expect(expected().accuracy).toBeCloseTo((0.9 + 0.3 + 0.9) / 3, 12);
  });

  it('of behaviour has the labels of one horizon before its end', async () => {
    const asked: BehaviourLabelQuery[] = [];
    const read = labelsOf({
      behaviourLabels: (query) => {
        asked.push(query);
        const positive = [true, false, true];
        return Promise.resolve({ userIds: [1, 2, 3], positive, asOf: [], dataFrom: null });
      },
      outcomeCount: () => Promise.reject(new Error('no outcomes are looked at')),
    });
    const report = versionRecord();
    const recipe = { ...report.recipe, horizonDays: 14 };
    const served = {
      model: { spec: churnSpec() },
      version: { id: VERSION, report: { ...report, recipe } },
    } as unknown as ServedModel;
    expect(await read(served, day(1), day(31))).toEqual({ rows: 3, positive: 2 });
    expect(asked.map(({ asOf, horizonDays }) => [asOf, horizonDays])).toEqual([[day(17), 14]]);
  });

  const wish = { model: 'm', referenceFrom: null, currentUntil: day(20) };
  const parts = { known: true, versionId: VERSION };
  it('may begin where its reference ends', () => {
    const windows = { ...wish, referenceUntil: day(10), currentFrom: day(10) };
    expect(planDrift(windows, parts, day(21), day(21)).error).toBeNull();
    const later = { ...windows, referenceUntil: new Date(day(10).getTime() + 1) };
    expect(planDrift(later, parts, day(21), day(21)).error?.path).toEqual([
      ...['input', 'referenceUntil'],
    ]);
    const open = { ...wish, referenceUntil: day(20), currentFrom: null };
    expect(planDrift(open, parts, day(21), day(21)).error?.path).toEqual([
      ...['input', 'referenceUntil'],
    ]);
  });

  it('has a newer half only where it was given a beginning', () => {
    const last = { modelVersionId: VERSION, currentFrom: day(10), currentUntil: day(20) };
    const reset = (begun: boolean) =>
      planReset('m', { ...parts, last: last as Parameters<typeof planReset>[1]['last'], begun })
        .input;
    expect(reset(true)).toMatchObject({ kind: 'RESET', currentFrom: day(15).toISOString() });
    expect(reset(false)).toMatchObject({ currentFrom: null, currentUntil: day(20).toISOString() });
  });
});

it('each model is asked for a check, beside a waiting one of another', async () => {
  const waiting: Pick<Job, 'id' | 'input'>[] = [];
  const ask = requestChecks({
    jobPage: () => Promise.resolve(waiting as Job[]),
    createJob: ({ input }) => {
      const job = { id: `job ${waiting.length}`, input: input as Job['input'] };
      waiting.push(job);
      return Promise.resolve(job as Job);
    },
    inProduction: () =>
      Promise.resolve(['a', 'b'].map((model) => ({ model, modelVersionId: VERSION }))),
    now: () => day(1),
  });
  expect(await ask('schedule')).toEqual(['job 0', 'job 1']);
  expect(await ask('schedule')).toEqual(['job 0', 'job 1']);
});

it.each([true, false])(
  'a model that learns from behaviour is learnt anew without any recorded outcome, if there were events since: %s',
  async (events) => {
    const submitted: object[] = [];
    const since: Date[] = [];
    const deps = {
      alone: (_id: string, work: () => Promise<unknown>) => work(),
      recentTrainings: () => Promise.resolve({ waitingId: null, lastByDrift: null }),
      hasOutcomes: () => Promise.resolve(false),
      hasEventsSince: (at: Date) => {
        since.push(at);
        return Promise.resolve(events);
      },
      submitJob: (_kind: string, input: object) => {
        submitted.push(input);
        return Promise.resolve({ id: 'job' });
      },
      clock: { now: () => day(60), wall: () => day(60) },
    } as unknown as AnswerDriftDeps;
    const model = { id: VERSION, name: 'churn', spec: churnSpec() };
    const served = { model, version: { dataUntil: day(30) } };
    const answer = await answerDrift(deps, served as Parameters<typeof answerDrift>[1], {
      ...{ drifted: true, accuracyFell: false },
    });
    expect(since).toEqual([day(30)]);
    if (!events) {
      expect(answer).toMatchObject({ action: 'ALERTED', retrainingJobId: null });
      expect(answer.why).toContain('no event was recorded since');
      expect(submitted).toEqual([]);
      return;
    }
    expect(answer).toMatchObject({ action: 'RETRAINING', retrainingJobId: 'job' });
    expect(submitted).toMatchObject([{ model: 'churn', promote: 'IF_BETTER', label: 'BEHAVIOUR' }]);
  },
);
