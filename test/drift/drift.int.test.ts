import { auditStore } from '../../src/access/audit.store.js';
import { composeLedgerUpkeep } from '../../src/compose-ledger-upkeep.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriftReport, FeatureDrift } from '../../src/drift/drift.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { openDriftLab, type DriftLab, type LabCustomer } from '../support/drift-lab.js';
import { customers, START } from './made-customers.js';

const clock = manualClock(new Date(START + 40 * DAY_MS));
const day = (n: number): Date => new Date(START + n * DAY_MS);
let lab: DriftLab;

async function arrive(rows: (LabCustomer & { positive: boolean })[], labelledAt?: Date) {
  await lab.customers(rows.map(({ positive: _, ...row }) => row));
  if (labelledAt)
    await lab.outcomes(
      rows.map(({ externalId, positive }) => ({ externalId, positive, at: labelledAt })),
    );
}

/** A moment later than the one before: reports are told apart by when they were made. */
const check = (windows: Record<string, Date>): Promise<DriftReport> => {
  clock.advance(1_000);
  return lab.check(windows);
};

const of = ({ features }: DriftReport, name: string): FeatureDrift => {
  const found = features.find(({ feature }) => feature === name);
  if (!found) throw new Error(`no feature ${name}`);
  return found;
};

beforeAll(async () => {
  lab = await openDriftLab(clock, [
    { name: 'top', type: 'numerical' },
    { name: 'idle', type: 'numerical' },
    { name: 'plan', type: 'categorical' },
  ]);
  await arrive(customers('trained', 600, 0, 10), day(10));
  await lab.train();
  await composeLedgerUpkeep(lab.db, clock, auditStore, 365).createLedgerMonths();
  await arrive(customers('same', 300, 11, 2));
  await arrive(customers('idle', 300, 14, 2, { idle: 3 }));
  await arrive(customers('top', 300, 17, 2, { top: 1.5 }));
  await arrive(customers('gone', 300, 20, 2, { missing: 0.5 }));
  await arrive(customers('few', 12, 23, 1, { top: 5 }));
  await arrive(customers('plan', 200, 25, 2, { plan: 'unheard of' }));
});
afterAll(() => lab.close());

describe('a check against what was kept at the training', () => {
  it('reads the reference of the version: its rows, its window, its labels', async () => {
    const report = await check({ currentFrom: day(11), currentUntil: day(13) });
    expect(report).toMatchObject({
      ...{ referenceSource: 'TRAINING', referenceRows: 600, currentRows: 300, drifted: false },
      ...{ driftedShare: 0, consequence: 0, action: 'NONE', retrainingJobId: null },
      because: 'Nothing moved that carries the score.',
      currentFrom: day(11),
      currentUntil: day(13),
      label: null,
    });
    expect(report.features.map(({ feature }) => feature)).toEqual(['idle', 'top', 'plan']);
    expect(report.features.every(({ level }) => level === 'NONE')).toBe(true);
    expect(report.features.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(of(report, 'top').weight).toBeGreaterThan(0.8);
    expect(report.prediction?.level).toBe('NONE');
    expect(report.concept).toMatchObject({ metric: 'estimated_accuracy', detected: false });
  });

  it('stays quiet where a feature drifts that the model hardly looks at, and shows it all the same', async () => {
    const report = await check({ currentFrom: day(14), currentUntil: day(16) });
    expect(of(report, 'idle')).toMatchObject({ level: 'SEVERE' });
    expect(of(report, 'idle').psi).toBeGreaterThan(2);
    expect(of(report, 'idle').meanCurrent).toBeCloseTo(3, 0);
    expect(report.consequence).toBeLessThan(0.1);
    expect(report).toMatchObject({ drifted: false, action: 'NONE', driftedShare: 1 / 3 });
  });

  it('fires on a feature the model lives from, and asks for one training, the second check for none more', async () => {
    const windows = { currentFrom: day(17), currentUntil: day(19) };
    const report = await check(windows);
    expect(of(report, 'top').level).toBe('SEVERE');
    expect(report.consequence).toBeGreaterThan(0.8);
    expect(report.prediction?.level).toBe('SEVERE');
    expect(report).toMatchObject({ drifted: true, action: 'RETRAINING' });
    expect(report.because).toMatch(/^Inputs moved that carry the score, consequence .*top \(PSI/);
    const again = await check(windows);
    expect(again).toMatchObject({ retrainingJobId: report.retrainingJobId, action: 'RETRAINING' });
    const asked = await lab.db.query<{ id: string; createdBy: string; promote: string }>(
      `select id, created_by as "createdBy", input ->> 'promote' as promote from job
       where kind = 'TRAIN' and created_by = 'drift'`,
    );
    expect(asked).toEqual([
      { id: report.retrainingJobId, createdBy: 'drift', promote: 'IF_BETTER' },
    ]);
  });

  it('puts an entry into the log of changes for each report that says drift, none for a quiet one', async () => {
    const entries = await lab.db.query<{ subject: string; keys: object }>(
      `select subject, keys from feed_entry where topic = 'drift' order by id`,
    );
    const drifted = await lab.db.query<{ id: string }>(
      'select id from drift_report where drifted order by id',
    );
    expect(entries).toHaveLength(2);
    expect(entries).toEqual(
      drifted.map(({ id }) => ({ subject: id, keys: { model: 'lab', modelId: lab.model.id } })),
    );
  });

  it('after the training ended alerts only, for a day', async () => {
    const [training] = await lab.db.query<{ id: string }>(
      `select id from job where created_by = 'drift'`,
    );
    expect((await lab.ended(training?.id ?? '')).status).toBe('SUCCEEDED');
    const report = await check({ currentFrom: day(17), currentUntil: day(19) });
    expect(report).toMatchObject({ drifted: true, action: 'ALERTED', retrainingJobId: null });
    expect(report.because).toContain('Drift asked for a training at ');
  });

  it('sees values that went missing, and a category never seen', async () => {
    const gone = await check({ currentFrom: day(20), currentUntil: day(22) });
    expect(of(gone, 'top')).toMatchObject({ level: 'SEVERE', missingReference: 0 });
    expect(of(gone, 'top').missingCurrent).toBeCloseTo(0.5, 1);
    expect(gone.drifted).toBe(true);
    const plan = await check({ currentFrom: day(25), currentUntil: day(27) });
    expect(of(plan, 'plan')).toMatchObject({ level: 'SEVERE', ks: null });
    expect(of(plan, 'plan').histogram.at(-1)).toMatchObject({
      ...{ label: 'unheard of', reference: 0, current: 1 },
    });
  });

  it('does not cry over a dozen customers, and says that they are too few', async () => {
    const report = await check({ currentFrom: day(23), currentUntil: day(24) });
    expect(of(report, 'top').psi).toBeGreaterThan(1);
    expect(report).toMatchObject({ currentRows: 12, drifted: false, driftedShare: 0 });
    expect(report.because).toContain('12 customers, below 30 nothing can be told');
  });

  it('looks at everybody where the window has no beginning', async () => {
    const report = await check({ currentUntil: day(13) });
    // as of its end: who registered later is not there yet
    expect(report.currentRows).toBe(900);
    expect(report.currentFrom).toEqual(new Date(day(13).getTime() - 1));
    expect(report.drifted).toBe(false);
  });
});

describe('labels and accuracy', () => {
  it('tells label drift by the outcomes of the window', async () => {
    await lab.outcomes(
      Array.from({ length: 200 }, (_, i) => ({
        ...{ externalId: `same-${i}`, at: day(12), positive: i % 10 === 0 },
      })),
    );
    const { label } = await check({ currentFrom: day(11), currentUntil: day(13) });
    // against about a half at the training: 0.4 ln(0.5 / 0.1) + 0.4 ln(0.9 / 0.5) = 0.879
    expect(label?.psi).toBeCloseTo(0.879, 0);
    expect(label).toMatchObject({ feature: 'label', level: 'SEVERE', ks: null });
    expect(label?.histogram.map(({ label: name }) => name).sort()).toEqual(['no', 'yes']);
  });

  it('detects within one window of 1,000 labelled scores that the concept turned, and is quiet before', async () => {
    const versions = await lab.db.query<{ id: string }>(
      `select id from model_version where stage = 'PRODUCTION'`,
    );
    const versionId = versions[0]?.id ?? '';
    await scored(versionId, 0, 1_000, 0.1);
    const calm = await check({ currentFrom: day(11), currentUntil: day(39) });
    expect(calm.concept).toMatchObject({ metric: 'accuracy', window: 1_000, detected: false });
    expect(calm.concept?.reference).toBeCloseTo(0.9, 9);
    await scored(versionId, 1_000, 500, 0.35);
    // what rules said in the version's place is not what it said
    await lab.db.query(
      `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
         latency_ms, numeric)
       select user_id, model_id, model_version_id, 1 - probability, 0.5, 'RULES', as_of + interval '1 second', scored_at,
         1, '' from prediction where as_of > $1`,
      [day(28)],
    );
    await lab.db.query('update outcome set prediction_id = null where prediction_id is not null');
    const turned = await check({ currentFrom: day(11), currentUntil: day(39) });
    expect(turned.concept).toMatchObject({ window: 1_000, detected: true, confidence: 1 });
    expect(turned.concept?.current).toBeCloseTo(0.65, 9);
    expect(turned.concept?.difference).toBeCloseTo(0.25, 9);
    const [trained] = await lab.db.query<{ accuracy: number }>(
      `select (sketch #>> '{accuracy,accuracy}')::float8 as accuracy from drift_reference`,
    );
    expect(turned.accuracyFall).toBeCloseTo(1 - 0.65 / (trained?.accuracy ?? 0), 9);
    expect(turned.accuracyFall).toBeGreaterThan(0.05);
    expect(turned.because).toMatch(
      /It is right less often than before\..*Accuracy fell by \d+\.\d %\./,
    );
  });
});

/** Labelled scores of customer after customer, of which a share is wrong. */
async function scored(versionId: string, first: number, count: number, wrong: number) {
  await lab.db.query(
    `with made as (
       insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
         latency_ms, numeric)
       select c.id, $1, $2, case when n % 2 = 0 then 0.9 else 0.1 end, 0.5, 'MODEL',
         $3::timestamptz + n * interval '1 minute', $4, 1, ''
       from generate_series($5::int, $5 + $6 - 1) n
       join (select id, row_number() over (order by id) as place from customer) c on c.place = n + 1
       returning id, user_id, as_of, probability)
     insert into outcome (model_id, user_id, at, source, positive, prediction_id, recorded_at)
     select $1, user_id, as_of + interval '1 hour', 'later',
       (probability > 0.5) <> ((row_number() over (order by as_of)) % 20 < $7::float8 * 20), id, $4 from made`,
    [lab.model.id, versionId, day(28), clock.wall(), first, count, wrong],
  );
}

describe('another reference', () => {
  it('is the newer half of the last window, audited, and what the next check compares with', async () => {
    await check({ currentFrom: day(14), currentUntil: day(16) });
    clock.advance(1_000);
    const { data } = await lab.graph.ask(
      'mutation { resetDriftReference(model: "lab") { job { id } userErrors { message } } }',
      {},
      'OPERATOR',
    );
    const job = await lab.ended(String(data.resetDriftReference.job.id).replace('Job:', ''));
    expect(job.status).toBe('SUCCEEDED');
    const report = await check({ currentFrom: day(15), currentUntil: day(16) });
    expect(report).toMatchObject({
      ...{ referenceSource: 'RESET', referenceRows: 150, currentRows: 150 },
      ...{ referenceFrom: day(15), referenceUntil: day(16), drifted: false },
    });
    expect(of(report, 'idle').psi).toBe(0);
    const audit = await lab.db.query(
      `select actor, subject, detail ->> 'model' as model from audit_entry where action = 'reset drift reference'`,
    );
    expect(audit).toEqual([
      { actor: 'operator key', subject: `ModelVersion:${report.modelVersionId}`, model: 'lab' },
    ]);
  });

  it('is everybody where the last window was everybody, or had next to nobody in its newer half', async () => {
    const reset = async (): Promise<void> => {
      clock.advance(1_000);
      const { data } = await lab.graph.ask(
        'mutation { resetDriftReference(model: "lab") { job { id } } }',
        {},
        'OPERATOR',
      );
      const job = await lab.ended(String(data.resetDriftReference.job.id).replace('Job:', ''));
      expect([job.status, job.error]).toEqual(['SUCCEEDED', null]);
    };
    await check({ currentUntil: day(20) });
    // the window was open: who came in its newer half is not what everybody is compared with
    await check({ currentUntil: day(36) });
    await reset();
    const night = await check({ currentUntil: day(36) });
    expect(night).toMatchObject({ referenceSource: 'RESET', consequence: 0, driftedShare: 0 });
    expect(night.referenceRows).toBe(night.currentRows);
    await check({ currentFrom: day(23), currentUntil: day(24) });
    await reset();
    const next = await check({ currentUntil: day(24) });
    expect(next.referenceRows).toBe(600 + 4 * 300 + 12);
    expect(next.currentRows).toBe(next.referenceRows);
  });

  it('may be a window that is named', async () => {
    const report = await check({
      ...{ referenceFrom: day(14), referenceUntil: day(16) },
      ...{ currentFrom: day(17), currentUntil: day(19) },
    });
    expect(report).toMatchObject({ referenceSource: 'WINDOW', referenceRows: 300 });
    expect(of(report, 'idle').meanReference).toBeCloseTo(3, 0);
  });

  it('is the first window where nothing was kept, which the report says', async () => {
    await lab.db.query('delete from drift_reference');
    const named = { referenceFrom: day(11), referenceUntil: day(13) };
    await check({ ...named, currentFrom: day(14), currentUntil: day(16) });
    const first = await check({ currentFrom: day(11), currentUntil: day(13) });
    expect(first).toMatchObject({
      referenceSource: 'FIRST_WINDOW',
      drifted: false,
      driftedShare: 0,
      concept: null,
    });
    expect(first.because).toContain('this first window is the reference from now on');
    const second = await check({ currentFrom: day(14), currentUntil: day(16) });
    expect(second).toMatchObject({ referenceSource: 'FIRST_WINDOW', referenceRows: 300 });
    expect(of(second, 'idle').level).toBe('SEVERE');
    expect(second.because).not.toContain('first window');
    expect(second.concept).not.toBeNull();
  });

  it('cannot be made of a handful', async () => {
    const asked = check({
      ...{ referenceFrom: day(23), referenceUntil: day(24) },
      ...{ currentFrom: day(25), currentUntil: day(27) },
    });
    await expect(asked).rejects.toThrow(/at least 30 customers, the window until .* holds 12/);
  });
});

describe('in the graph', () => {
  it('lists reports page by page, newest first, with model, training and every feature', async () => {
    const page = `query ($after: String) { driftReports(model: "lab", first: 3, after: $after) {
      nodes { id drifted action model { name } retraining { kind } modelVersion { driftReference { source rows } }
        features { feature psi level weight histogram { label reference current } } prediction { psi } label { psi }
        concept { metric } job { kind } createdAt }
      pageInfo { hasNextPage endCursor } } }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { data, errors, counts } = await lab.graph.ask(page, { after });
      expect(errors).toBeUndefined();
      expect(counts.sql).toBeLessThanOrEqual(6);
      const { nodes, pageInfo } = data.driftReports;
      seen.push(...nodes.map(({ id }: { id: string }) => id));
      for (const node of nodes)
        expect(node).toMatchObject({ model: { name: 'lab' }, job: { kind: 'DRIFT' } });
      ({ hasNextPage: more, endCursor: after } = pageInfo);
    }
    const all = await lab.db.query<{ id: string }>('select id from drift_report order by id desc');
    expect(seen).toEqual(all.map(({ id }) => `DriftReport:${id}`));
  });

  it.each([
    ['an unknown model', { model: 'none' }, 'NOT_FOUND', 'model'],
    [
      'a window that ends before it begins',
      { currentFrom: day(9), currentUntil: day(8) },
      'INVALID',
      'currentFrom',
    ],
    [
      'a reference that ends before it begins',
      { referenceFrom: day(9), referenceUntil: day(8) },
      'INVALID',
      'referenceFrom',
    ],
    ['a reference without an end', { referenceFrom: day(9) }, 'INVALID', 'referenceUntil'],
    [
      'a reference after the current window',
      { referenceUntil: day(12), currentFrom: day(9), currentUntil: day(11) },
      'INVALID',
      'referenceUntil',
    ],
    ['a window in the future', { currentUntil: day(400) }, 'INVALID', 'currentUntil'],
    ['a reference in the future', { referenceUntil: day(400) }, 'INVALID', 'referenceUntil'],
  ])('refuses %s, naming the field', async (_what, windows, code, field) => {
    const { data } = await lab.graph.ask(
      `mutation ($input: DetectDriftInput!) { detectDrift(input: $input) {
        job { id } userErrors { code message path } } }`,
      { input: { model: 'lab', ...windows } },
    );
    expect(data.detectDrift.job).toBeNull();
    expect(data.detectDrift.userErrors).toMatchObject([{ code, path: ['input', field] }]);
  });

  it.each([
    ['CRM', '{ driftReports(model: "lab") { nodes { id } } }'],
    ['ANALYST', 'mutation { detectDrift(input: { model: "lab" }) { job { id } } }'],
    ['ANALYST', 'mutation { resetDriftReference(model: "lab") { job { id } } }'],
  ] as const)('%s may not ask %s', async (role, question) => {
    const { errors } = await lab.graph.ask(question, {}, role);
    expect(errors?.[0]?.extensions['code'] ?? errors?.[0]?.message).toMatch(/FORBIDDEN|may not/);
  });
});

describe('two checks at once', () => {
  it('ask for one training between them, and a job that is run twice leaves one report', async () => {
    await lab.db.query(`delete from job where kind = 'TRAIN'`);
    const ask = async (): Promise<string> => {
      const { data } = await lab.graph.ask(
        `mutation ($input: DetectDriftInput!) { detectDrift(input: $input) { job { id } } }`,
        { input: { model: 'lab', currentFrom: day(17), currentUntil: day(19) } },
      );
      return String(data.detectDrift.job.id).replace('Job:', '');
    };
    const ids = await Promise.all([ask(), ask(), ask()]);
    const ended = await Promise.all(ids.map((id) => lab.ended(id)));
    expect(ended.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    const [count] = await lab.db.query<{ trainings: number; reports: number }>(
      `select (select count(*) from job where kind = 'TRAIN') as trainings,
         (select count(*) from drift_report where job_id = any($1)) as reports`,
      [ids],
    );
    expect(count).toEqual({ trainings: 1, reports: 3 });
    const [first] = ids;
    await lab.db.query(`update job set status = 'QUEUED', attempts = 0 where id = $1`, [first]);
    expect((await lab.ended(first)).result).toEqual(ended[0]?.result);
    const entries = await lab.db.query(
      `select 1 from feed_entry f join drift_report r on r.id::text = f.subject where r.job_id = any($1)`,
      [ids],
    );
    expect(entries).toHaveLength(3);
  });
});
