import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { composeReportRoom } from '../../src/compose-report.js';
import { composeReportWork } from '../../src/compose-report-work.js';
import { composePersonas } from '../../src/compose-personas.js';
import type { Segmentations } from '../../src/compose-segmentations.js';
import type { Job } from '../../src/job/job.js';
import { jobStore } from '../../src/job/job.store.js';
import type { RunningJob } from '../../src/job/run-job.js';
import { manualClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import type { ModelVersion } from '../../src/model/model.js';
import { modelSpec } from '../../src/model/model-spec.js';
import { dayFigures } from '../../src/report/daily-report.js';
import { writeDailyReport } from '../../src/report/write-daily-report.js';
import { parseSegmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import { versionRecord } from '../model/version-record.js';
import { DEMO_DIMENSIONS, demoCustomers, segmentsOf } from '../segment/persona/populations.js';
import { reportOf } from '../segment/persona/report.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { churnSpec } from '../support/demo-shop.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';

const clock = manualClock(new Date('2026-11-21T09:00:00Z'));
const DAY = '2026-11-20';
const ID = '00000000-0000-7000-8000-00000000000';
const FIELDS = `id date soFar health rating predictions requests errorRate fallbackRate
  latencyMs { mean p50 p95 p99 } diversity alertsFired alertsResolved alertsFiring drifted recommendations
  markdown figures createdAt`;

let database: TestDatabase;
let graph: RoomGraph;
let room: ReturnType<typeof composeReportRoom>;
let reports: ReturnType<typeof composeReportWork>;
let version: ModelVersion;
let segmented: ModelVersion;
const asked: { kind: string; input: object }[] = [];

async function newVersion(modelId: string, report: object, letter: string): Promise<ModelVersion> {
  const models = modelStore(database.db, clock, auditStore);
  const made = await models.registerVersion({
    ...{ modelId, algorithm: 'logistic', hyperparameters: { C: 1 }, seed: 7 },
    ...{ featureNames: ['score'], threshold: 0.5, trainingRows: 800, testRows: 200 },
    ...{ dataFrom: null, dataUntil: null, dataHash: 'x', trainedAt: clock.wall(), jobId: null },
    report: report as Record<string, unknown>,
    artifact: { sha256: letter.repeat(64), bytes: new Uint8Array(1), opset: 21 },
  });
  const move = { version: made, toStage: 'PRODUCTION', actor: 'anna', comment: 'looks good' };
  await database.db.query(
    `update model_version set stage = 'PRODUCTION', promoted_at = '2026-10-01' where id = $1`,
    [made.id],
  );
  await auditStore(database.db).write({
    at: clock.wall(),
    actor: move.actor,
    action: 'moved',
    subject: `ModelVersion:${made.id}`,
    detail: { to: move.toStage, comment: move.comment },
  });
  return made;
}

/** One day of everything, with neighbours on both sides that must not count. */
async function liveThroughTheDay(): Promise<void> {
  const { db } = database;
  const models = modelStore(db, clock, auditStore);
  const churn = await models.ensure(churnSpec());
  version = await newVersion(churn.id, versionRecord(), 'a');
  const spec = modelSpec.parse({ ...churnSpec({ name: 'fraud' }), label: { kind: 'OUTCOMES' } });
  const fraud = await models.ensure(spec);
  await newVersion(fraud.id, versionRecord(), 'b');
  await db.query(`insert into customer (external_id) select 'c' || n from generate_series(1, 4) n`);
  await db.query(`select ensure_prediction_partition(timestamptz '2026-11-20')`);
  await db.query(
    `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of,
       scored_at, latency_ms, numeric, job_id)
     select c.id, $1, $2, p.probability, 0.5, 'MODEL', p.at, p.at, p.ms, '', p.job::uuid
     from customer c join (values
       ('c1', 0.9, timestamptz '2026-11-20T00:00:00Z', 10.0, null),
       ('c2', 0.1, '2026-11-20T12:00:00Z', 30.0, null),
       ('c3', 0.2, '2026-11-20T23:59:59.999Z', 5000.0, '${ID}9'),
       ('c4', 0.9, '2026-11-21T00:00:00Z', 900.0, null),
       ('c4', 0.9, '2026-11-19T23:59:59.999Z', 900.0, null)
     ) p (customer, probability, at, ms, job) on p.customer = c.external_id`,
    [churn.id, version.id],
  );
  await db.query(
    `insert into service_sample (at, process, kind, name, requests, errors, fallbacks, seconds, buckets) values
       ('2026-11-20T10:00:00Z', 'a', 'prediction', 'churn', 60, 3, 20, 2, '{}'),
       ('2026-11-20T10:00:00Z', 'b', 'prediction', 'churn', 40, 1, 5, 1, '{}'),
       ('2026-11-20T10:00:00Z', 'a', 'operation', '', 500, 5, 0, 9, '{}'),
       ('2026-11-21T00:00:00Z', 'a', 'prediction', 'churn', 1000, 1000, 0, 1, '{}')`,
  );
  await db.query(
    `insert into alert_rule (id, name, description, metric, comparison, threshold, for_seconds,
       keep_firing_seconds, severity, enabled, created_at, created_by, updated_at)
     values ($1, 'Errors | many', '', 'error_rate', 'GT', 0.05, 0, 0, 'HIGH', true, now(), 'a', now())`,
    [`${ID}1`],
  );
  await db.query(
    `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, started_at,
       fired_at, held_at, resolved_at)
     select gen_random_uuid(), $1, a.key, a.status::alert_status, a.severity::severity, a.key, 1, 0, a.fired, a.fired,
       a.fired, a.resolved
     from (values
       ('before', 'RESOLVED', 'LOW', timestamptz '2026-11-18T00:00:00Z', timestamptz '2026-11-19T00:00:00Z'),
       ('low', 'RESOLVED', 'LOW', '2026-11-20T01:00:00Z', '2026-11-20T02:00:00Z'),
       ('critical', 'FIRING', 'CRITICAL', '2026-11-20T05:00:00Z', null),
       ('high', 'RESOLVED', 'HIGH', '2026-11-20T03:00:00Z', '2026-11-21T02:00:00Z'),
       ('older', 'RESOLVED', 'MEDIUM', '2026-11-19T03:00:00Z', '2026-11-20T04:00:00Z'),
       ('after', 'FIRING', 'CRITICAL', '2026-11-21T00:00:00Z', null)) a (key, status, severity, fired, resolved)`,
    [`${ID}1`],
  );
  await db.query(
    `insert into drift_report (id, model_id, model_version_id, reference_from, reference_until, current_from,
       current_until, reference_rows, current_rows, drifted, drifted_share, consequence, action, report, created_at)
     select d.id::uuid, $1, $2, now(), now(), now(), now(), 1, 1, d.drifted, 0.5, 0.4, 'RETRAINING', '{}', d.at
     from (values ('${ID}2', false, timestamptz '2026-11-20T03:00:00Z'), ('${ID}3', true, '2026-11-20T04:00:00Z'),
       ('${ID}4', false, '2026-11-21T04:00:00Z')) d (id, drifted, at)`,
    [churn.id, version.id],
  );
  await db.query(
    `insert into experiment (id, key, hypothesis, status, traffic_share, primary_metric, minimum_users,
       pre_period_days, starts_at, ends_at, started_at, stopped_at, created_at, created_by)
     select e.id::uuid, e.key, '', e.status::experiment_status, 1, 'share:purchase', 1, 0, e.started, e.started + interval '90 days',
       e.started, e.stopped, e.started, 'anna'
     from (values ('${ID}5', 'banner', 'RUNNING', timestamptz '2026-11-01', null),
       ('${ID}6', 'over', 'STOPPED', '2026-11-01', timestamptz '2026-11-10')) e (id, key, status, started, stopped)`,
  );
  await db.query(
    `insert into experiment_look (experiment_id, at, report) values
       ($1, '2026-11-20T06:00:00Z', '{"decision": "KEEP_RUNNING", "reason": "two more days"}'),
       ($1, '2026-11-21T06:00:00Z', '{"decision": "SHIP", "reason": "later"}')`,
    [`${ID}5`],
  );
  await db.query(
    `insert into variant (experiment_id, key, position, weight, control, model_version_id) values
       ($1, 'new', 1, 1, false, $2)`,
    [`${ID}5`, version.id],
  );
  await db.query(
    `insert into quality_scan (id, table_name, as_of, scanned_at, rows, status, report) values
       (gen_random_uuid(), 'event', now(), '2026-11-19T02:00:00Z', 1, 'OK', '{"checks": []}'),
       (gen_random_uuid(), 'event', now(), '2026-11-20T02:00:00Z', 1, 'FAILED',
        '{"checks": [{"name": "value", "status": "FAILED", "violations": 2}, {"name": "fine", "status": "OK", "violations": 0}]}')`,
  );
  await db.query(
    `insert into job (id, kind, status, created_at, finished_at, created_by) values
       (gen_random_uuid(), 'TRAIN', 'FAILED', now(), '2026-11-20T08:00:00Z', 'a'),
       (gen_random_uuid(), 'SCORE', 'SUCCEEDED', now(), '2026-11-20T08:00:00Z', 'a'),
       (gen_random_uuid(), 'SCORE', 'SUCCEEDED', now(), '2026-11-21T00:00:00Z', 'a')`,
  );
  await db.query(
    `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
     select $1, id, now(), 's', true, '2026-10-11T00:00:00Z' from customer limit 1`,
    [fraud.id],
  );
}

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  await liveThroughTheDay();
  const spec = { name: 'persona', task: 'CLUSTERING', description: 'p', algorithms: ['kmeans'] };
  const persona = await segmentationStore(db, clock).ensure(
    parseSegmentationSpec({ ...spec, features: [{ name: 'spend' }] }, 'spec'),
  );
  const report = reportOf(segmentsOf(demoCustomers(200), 5), DEMO_DIMENSIONS);
  segmented = await newVersion(persona.id, { segmentation: report }, 'c');
  const jobs = jobStore(db, clock);
  const parts = {
    plant: { db, clock },
    jobs: {
      store: jobs,
      once: {
        jobPage: jobs.page,
        createJob: (job: Pick<Job, 'kind' | 'createdBy'> & { input: object }) => {
          asked.push({ kind: job.kind, input: job.input });
          return jobs.create(job);
        },
      },
    },
    segmentations: {
      personas: composePersonas({ db, clock }),
      serving: {
        refresh: () => Promise.resolve(),
        current: (key: string) =>
          key === 'persona' ? { model: persona, version: segmented, report } : null,
      },
    } as unknown as Segmentations,
  };
  reports = composeReportWork(parts);
  room = composeReportRoom({
    ...parts,
    models: { store: modelStore(db, clock, auditStore) },
    auditBySubjects: auditStore(db).bySubjects,
    experimentReport: (key) =>
      Promise.resolve(
        key === 'banner'
          ? { id: `${ID}5`, key, markdown: '# Experiment banner', data: { parameters: { z: 1 } } }
          : null,
      ),
  });
  graph = roomGraph(room.resolvers, clock);
});
afterAll(() => database.drop());

function running(date: string, createdBy = 'schedule'): RunningJob {
  return {
    ...{ id: `${ID}8`, attempt: 1, input: { date }, createdBy },
    signal: new AbortController().signal,
    report: () => undefined,
  };
}

describe('the report on a day', () => {
  it('is null before it was written, and what happened in the day afterwards', async () => {
    const question = `{ dailyReport(date: "${DAY}") { ${FIELDS} } }`;
    expect((await graph.ask(question)).data).toEqual({ dailyReport: null });
    const written = await writeDailyReport(reports.work)(running(DAY));
    expect(written.date).toBe(DAY);
    const { data, errors } = await graph.ask(question);
    expect(errors).toBeUndefined();
    expect(data.dailyReport).toMatchObject({
      ...{ id: `DailyReport:${written.dailyReportId}`, date: DAY, soFar: false },
      ...{ predictions: 3, requests: 100, errorRate: 0.04, fallbackRate: 0.25 },
      // two answers of 10 and 30 ms; the row of a run waited for nobody
      latencyMs: { mean: 20, p50: 20, p95: 29, p99: 29.8 },
      ...{ alertsFired: 3, alertsResolved: 2, alertsFiring: 2, drifted: ['churn'] },
      rating: 'GOOD',
    });
    const { figures } = data.dailyReport;
    expect(dayFigures.parse(figures)).toEqual(figures);
    expect(figures).toMatchObject({
      models: [{ name: 'churn', predictions: 3, positive: 1 }],
      operations: { requests: 500, errors: 5 },
      experiments: [
        { key: 'banner', status: 'RUNNING', decision: 'KEEP_RUNNING', reason: 'two more days' },
      ],
      dataQuality: [
        {
          ...{ table: 'event', status: 'FAILED', scannedAt: '2026-11-20T02:00:00.000Z' },
          checks: [{ name: 'value', status: 'FAILED', violations: 2 }],
        },
      ],
      jobs: [
        { kind: 'SCORE', succeeded: 1, failed: 0 },
        { kind: 'TRAIN', succeeded: 0, failed: 1 },
      ],
      labels: [{ model: 'fraud', days: 41 }],
      segmentation: { key: 'persona', version: 1, clusters: 5 },
    });
    expect(figures.alerts.loudest.map((alert: { summary: string }) => alert.summary)).toEqual([
      'critical',
      'high',
      'low',
    ]);
    // an alert that ended the next day was not over at the end of this one
    expect(figures.alerts.loudest[1].resolvedAt).toBeNull();
    expect(data.dailyReport.recommendations).toHaveLength(7);
    expect(data.dailyReport.markdown).toContain('Errors \\| many');
  });

  it('is replaced when it is written again, keeps its id, and the trail tells of both', async () => {
    const [before] = await reports.store.page({ before: null, limit: 1 });
    clock.advance(60_000);
    const { dailyReportId } = await writeDailyReport(reports.work)(running(DAY, 'anna'));
    expect(dailyReportId).toBe(before?.id);
    const rows = await database.db.query('select id from daily_report');
    expect(rows).toHaveLength(1);
    const [entries] = await auditStore(database.db).bySubjects([`DailyReport:${dailyReportId}`]);
    expect(entries?.map(({ actor, action }) => [actor, action])).toEqual([
      ['anna', 'rewritten'],
      ['schedule', 'written'],
    ]);
    const node = await room.dailyReportById(dailyReportId);
    expect(node).toMatchObject({ date: DAY, createdAt: clock.wall() });
    expect(await room.dailyReportById(`${ID}7`)).toBeNull();
  });

  it('is of today so far, not stored, and refused of a day to come', async () => {
    const { data } = await graph.ask(`{ dailyReport(date: "2026-11-21") { ${FIELDS} } }`);
    expect(data.dailyReport).toMatchObject({
      ...{ id: 'DailyReport:2026-11-21', soFar: true, predictions: 1, requests: 1000 },
      ...{ errorRate: 1, alertsFired: 1, drifted: [] },
    });
    expect(data.dailyReport.markdown).toContain('# Daily report of 2026-11-21, so far');
    expect(await reports.store.byDate('2026-11-21')).toBeNull();
    const { errors } = await graph.ask('{ dailyReport(date: "2026-11-22") { id } }');
    expect(errors?.[0]?.message).toBe(
      'date must be 2000-01-01..2026-11-21 (today, UTC), got 2026-11-22',
    );
    for (const date of ['2026-02-30', 'yesterday', '2026-11-2'])
      expect((await graph.ask(`{ dailyReport(date: "${date}") { id } }`)).errors).toHaveLength(1);
  });

  it('is asked for once, refused of a day that is not over, and not for everybody', async () => {
    const write = `mutation ($date: Date!) { writeDailyReport(date: $date) {
      job { id kind input } userErrors { code message path } } }`;
    const first = await graph.ask(write, { date: '2026-11-19' });
    const again = await graph.ask(write, { date: '2026-11-19' });
    expect(first.data.writeDailyReport.job).toMatchObject({
      ...{ kind: 'REPORT', input: { date: '2026-11-19' } },
    });
    expect(again.data).toEqual(first.data);
    for (const date of ['2026-11-21', '2031-01-01', '1999-12-31']) {
      const { job, userErrors } = (await graph.ask(write, { date })).data.writeDailyReport;
      expect(job).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'INVALID', path: ['date'] }]);
      expect(userErrors[0].message).toContain(
        `2000-01-01..2026-11-20 (yesterday, UTC), got ${date}`,
      );
    }
    await expect(writeDailyReport(reports.work)(running('2026-11-21'))).rejects.toThrow(
      'date must be',
    );
    const analyst = await graph.ask(write, { date: DAY }, 'ANALYST');
    expect(analyst.errors?.[0]?.message).toBe('role ANALYST may not job:run');
    const crm = await graph.ask(`{ dailyReport(date: "${DAY}") { id } }`, {}, 'CRM');
    expect(crm.errors?.[0]?.message).toBe('role CRM may not report:read');
  });

  it('is asked for by the schedule, for the days that were missed', async () => {
    asked.length = 0;
    clock.set(new Date('2026-11-23T00:10:00Z'));
    expect(await reports.askForReports('schedule')).toEqual(['2026-11-21', '2026-11-22']);
    expect(await reports.askForReports('schedule')).toEqual(['2026-11-21', '2026-11-22']);
    expect(asked.map(({ input }) => input)).toEqual([
      { date: '2026-11-21' },
      { date: '2026-11-22' },
    ]);
    for (const day of ['2026-11-21', '2026-11-22'])
      await writeDailyReport(reports.work)(running(day));
    expect(await reports.askForReports('schedule')).toEqual([]);
    // a clock that is put back writes no day again
    clock.set(new Date('2026-11-22T23:59:00Z'));
    expect(await reports.askForReports('schedule')).toEqual([]);
  });

  it('is listed with the others, newest day first, page by page', async () => {
    const page = `query ($after: String) { dailyReports(first: 2, after: $after) {
      nodes { date } pageInfo { hasNextPage endCursor } } }`;
    const { data: first } = await graph.ask(page);
    expect(first.dailyReports.nodes).toEqual([{ date: '2026-11-22' }, { date: '2026-11-21' }]);
    const { endCursor, hasNextPage } = first.dailyReports.pageInfo;
    expect(hasNextPage).toBe(true);
    const { data: second } = await graph.ask(page, { after: endCursor });
    expect(second.dailyReports).toMatchObject({
      ...{ nodes: [{ date: DAY }], pageInfo: { hasNextPage: false } },
    });
    for (const after of ['x', Buffer.from('["2026-13-45"]').toString('base64url')])
      expect((await graph.ask(page, { after })).errors?.[0]?.message).toMatch(
        /^after is not a cursor/,
      );
  });
});

describe('a report for audit', () => {
  const question = `query ($kind: AuditReportKind!, $key: String!, $version: Int) {
    auditReport(kind: $kind, key: $key, version: $version) { kind subject title markdown data generatedAt } }`;
  const ask = async (kind: string, key: string, version: number | null = null) => {
    const { data, errors } = await graph.ask(question, { kind, key, version }, 'ANALYST');
    return { report: data?.auditReport, error: errors?.[0]?.message };
  };

  it('tells of a model: card, data, parameters, metrics, approvals, drift and experiments', async () => {
    const { report } = await ask('MODEL', 'churn');
    expect(report).toMatchObject({
      ...{ kind: 'MODEL', subject: `ModelVersion:${version.id}`, title: 'Model churn, version 1' },
      data: {
        data: { trainingRows: 800, dataHash: 'x' },
        parameters: { algorithm: 'logistic', hyperparameters: { C: 1 }, seed: 7 },
        approvals: [{ actor: 'anna', action: 'moved', detail: { comment: 'looks good' } }],
        drift: [{ drifted: false }, { drifted: true }, { drifted: false }],
        experiments: [{ key: 'banner', variant: 'new', control: false, status: 'RUNNING' }],
      },
    });
    for (const heading of [
      '# churn, version 1',
      '## Approvals and changes',
      '## Drift',
      '## Experiments',
    ])
      expect(report.markdown.split('\n')).toContain(heading);
    expect(report.markdown).toContain('comment: looks good');
  });

  it('tells of a segmentation and of an experiment', async () => {
    const persona = (await ask('SEGMENTATION', 'persona', 1)).report;
    expect(persona).toMatchObject({
      ...{ subject: `Segmentation:${segmented.id}`, title: 'Segmentation persona, version 1' },
      data: { approvals: [{ actor: 'anna' }], metrics: { diversity: 0.66 } },
    });
    expect(persona.markdown).toContain('# Segments of persona, version 1');
    const banner = (await ask('EXPERIMENT', 'banner')).report;
    expect(banner).toMatchObject({
      ...{ subject: `Experiment:${ID}5`, data: { parameters: { z: 1 }, approvals: [] } },
    });
    expect(banner.markdown).toContain('Nobody has approved or changed it.');
  });

  it('is null of what there is not, and says what a wrong question is wrong about', async () => {
    for (const [kind, key, number] of [
      ['MODEL', 'nobody', null],
      ['MODEL', 'persona', null],
      ['SEGMENTATION', 'churn', null],
      ['MODEL', 'churn', 2],
      ['EXPERIMENT', 'nothing', null],
    ] as const)
      expect(await ask(kind, key, number)).toEqual({ report: null, error: undefined });
    expect((await ask('MODEL', 'churn', 0)).error).toBe('version must be 1..1000000, got 0');
    expect((await ask('EXPERIMENT', 'banner', 1)).error).toBe(
      'an experiment has no versions: leave version out, got 1',
    );
    const crm = await graph.ask(question, { kind: 'MODEL', key: 'churn' }, 'CRM');
    expect(crm.errors?.[0]?.message).toBe('role CRM may not report:read');
  });
});
