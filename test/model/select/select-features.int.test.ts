import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import type { RunningJob } from '../../../src/job/run-job.js';
import { composeFeatureReading } from '../../../src/compose-models.js';
import { composeSelectionWork } from '../../../src/compose-selection-work.js';
import { labelStore } from '../../../src/model/label.store.js';
import { modelStore } from '../../../src/model/model.store.js';
import { auditStore } from '../../../src/access/audit.store.js';
import { planSelection, type SelectionWish } from '../../../src/model/select/request-selection.js';
import {
  selectFeatures,
  type SelectFeaturesDeps,
} from '../../../src/model/select/select-features.js';
import { selectionStore } from '../../../src/model/selection.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { churnSpec, fillShop } from '../../support/demo-shop.js';

const clock = systemClock();
const jobId = (n: number): string => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const candidates = ['days_since_last_activity', 'purchase_count', 'evening_user', 'session_count'];

let database: TestDatabase;
let deps: SelectFeaturesDeps;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  await fillShop(db, clock, 400);
  const store = modelStore(db, clock, auditStore);
  await store.ensure(churnSpec());
  deps = composeSelectionWork({
    plant: { db, clock },
    models: { store, labels: labelStore(db) },
    features: composeFeatureReading(db),
  });
});
afterAll(() => database.drop());

async function running(id: string, wish: Partial<SelectionWish> = {}): Promise<RunningJob> {
  const model = await deps.modelByName('churn');
  if (!model) throw new Error('no model');
  const nothing = { asOf: null, horizonDays: null, label: null, seed: null, statuses: null };
  const { input, error } = planSelection(
    model,
    await deps.allFeatures(),
    { ...nothing, methods: null, thresholds: null, candidates, ...wish },
    clock.now(),
    clock.wall(),
  );
  if (error) throw new Error(error.message);
  const signal = new AbortController().signal;
  return { id, attempt: 1, input, createdBy: 'test', signal, report: () => undefined };
}

const rowsOf = (id: string) =>
  database.db.query<{ id: string }>('select id from feature_selection where job_id = $1', [id]);

describe('the work of a SELECT job', () => {
  it('ranks by every method in a thread, and writes one row with rows, label and versions', async () => {
    const told: [number, string][] = [];
    const job = await running(jobId(1));
    const { featureSelectionId } = await selectFeatures(deps, {
      ...job,
      report: (share, stage) => void told.push([share, stage]),
    });
    const selection = await deps.selectionOfJob(jobId(1));
    if (!selection) throw new Error('nothing was written');
    expect(selection.id).toBe(featureSelectionId);
    expect(selection).toMatchObject({
      createdBy: 'test',
      report: { recipe: { label: 'BEHAVIOUR' } },
    });
    expect(selection.rows).toBeGreaterThan(100);
    expect(selection.positive).toBeGreaterThan(0);
    expect(selection.report.recipe.labelled).toBe(selection.rows);
    expect(selection.report.methods.map(({ method }) => method)).toEqual(job.input['methods']);
    expect(selection.report.overall.map(({ feature }) => feature).sort()).toEqual(
      candidates.map((name) => `${name}@1`).sort(),
    );
    // the shop's customers come back the less, the longer they were away
    expect(selection.report.overall[0]?.feature).toBe('days_since_last_activity@1');
    expect(selection.report.rfecvCurve.map(({ features }) => features)).toEqual([1, 2, 3, 4]);
    expect(told.at(0)?.[1]).toBe('reading labels');
    expect(told.at(-1)?.[0]).toBeCloseTo(0.98);
  });

  it('killed before it wrote, it starts again; done again after it wrote, it does nothing', async () => {
    const job = await running(jobId(2), { methods: ['ANOVA_F'] });
    const dies = { ...deps, writeSelection: () => Promise.reject(new Error('killed')) };
    await expect(selectFeatures(dies, job)).rejects.toThrow('killed');
    expect(await rowsOf(jobId(2))).toEqual([]);
    const first = await selectFeatures(deps, job);
    const idle = { ...deps, rank: () => Promise.reject(new Error('ranked again')) };
    expect(await selectFeatures(idle, job)).toEqual(first);
    expect(await rowsOf(jobId(2))).toEqual([{ id: first.featureSelectionId }]);
  });

  it('run by two workers at once, writes one row that both answer', async () => {
    const job = await running(jobId(3), { methods: ['CORRELATION'] });
    const results = await Promise.all([selectFeatures(deps, job), selectFeatures(deps, job)]);
    expect(results[0]).toEqual(results[1]);
    expect(await rowsOf(jobId(3))).toHaveLength(1);
  });

  it('gives the same ranking for the same input', async () => {
    const asOf = new Date(clock.now().getTime() - 60 * 86_400_000);
    const reports = [];
    for (const n of [4, 5]) {
      await selectFeatures(deps, await running(jobId(n), { asOf, seed: 7 }));
      const report = (await deps.selectionOfJob(jobId(n)))?.report;
      reports.push({
        ...report,
        methods: report?.methods.map((each) => ({ ...each, seconds: 0 })),
      });
    }
    expect(reports[0]).toEqual(reports[1]);
  });

  it('leaves customers out who opted out of profiling, from the next selection on', async () => {
    const before = await selectFeatures(
      deps,
      await running(jobId(6), { methods: ['CORRELATION'] }),
    );
    await database.db.query(
      'update customer set consent_profiling = false where id in (select id from customer order by id limit 150)',
    );
    const after = await selectFeatures(deps, await running(jobId(7), { methods: ['CORRELATION'] }));
    await database.db.query('update customer set consent_profiling = true');
    const rows = new Map(
      (
        await selectionStore(database.db, clock).byIds([
          before.featureSelectionId,
          after.featureSelectionId,
        ])
      ).map((selection) => [selection.id, selection.rows]),
    );
    const [all = 0, fewer = 0] = [before, after].map(
      ({ featureSelectionId }) => rows.get(featureSelectionId) ?? 0,
    );
    expect(fewer).toBeLessThan(all - 50);
  });

  it('ends its thread when the job is cancelled', async () => {
    const controller = new AbortController();
    const reason = new Error('the job was cancelled');
    const job = await running(jobId(8));
    const report = (share: number): void => {
      if (share >= 0.1) controller.abort(reason);
    };
    await expect(selectFeatures(deps, { ...job, signal: controller.signal, report })).rejects.toBe(
      reason,
    );
    expect(await rowsOf(jobId(8))).toEqual([]);
  });

  it('reads nothing while the data are broken', async () => {
    const broken: SelectFeaturesDeps = {
      ...deps,
      checkData: () => Promise.resolve({ ok: false, reasons: ['event: r is broken'] }),
      readFeatures: () => Promise.reject(new Error('a model read')),
    };
    await expect(selectFeatures(broken, await running(jobId(10)))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'nothing is ranked on broken data: event: r is broken',
    });
    expect(await rowsOf(jobId(10))).toEqual([]);
  });

  it('refuses what cannot be ranked, and says what', async () => {
    const job = await running(jobId(9));
    const early = { ...job, input: { ...job.input, asOf: '2001-01-01T00:00:00.000Z' } };
    await expect(selectFeatures(deps, early)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining('at least 50 labelled customers, got 0 for asOf 2001'),
    });
    const outcomes = { ...job, input: { ...job.input, label: 'OUTCOMES' } };
    await expect(selectFeatures(deps, outcomes)).rejects.toThrow('got 0 for asOf');
    const unknown = { ...job, input: { ...job.input, model: 'nope' } };
    await expect(selectFeatures(deps, unknown)).rejects.toThrow('no model is named nope');
    const gone = { ...job, input: { ...job.input, candidates: ['purchase_count@9'] } };
    await expect(selectFeatures(deps, gone)).rejects.toThrow('candidate purchase_count@9 is not');
    const thresholds = { ...(job.input['thresholds'] as object), correlation: 2 };
    const off = { ...job, input: { ...job.input, thresholds } };
    await expect(selectFeatures(deps, off)).rejects.toThrow('must be a number 0..1');
    expect(await rowsOf(jobId(9))).toEqual([]);
  });
});
