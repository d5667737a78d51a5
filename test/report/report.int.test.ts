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
import { dayFigures } from '../../src/report/daily-report.js';
import { writeDailyReport } from '../../src/report/write-daily-report.js';
import { parseSegmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationStore } from '../../src/segment/segmentation.store.js';
import { DEMO_DIMENSIONS, demoCustomers, segmentsOf } from '../segment/persona/populations.js';
import { reportOf } from '../segment/persona/report.js';
import { ID, liveThroughTheDay, newVersion } from './lived-day.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { roomGraph, type RoomGraph } from '../support/room-graph.js';

const clock = manualClock(new Date('2026-11-21T09:00:00Z'));
const DAY = '2026-11-20';
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

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  version = await liveThroughTheDay({ db, clock });
  const spec = { name: 'persona', task: 'CLUSTERING', description: 'p', algorithms: ['kmeans'] };
  const persona = await segmentationStore(db, clock).ensure(
    parseSegmentationSpec({ ...spec, features: [{ name: 'spend' }] }, 'spec'),
  );
  const report = reportOf(segmentsOf(demoCustomers(200), 5), DEMO_DIMENSIONS);
  segmented = await newVersion({ db, clock }, persona.id, { segmentation: report }, 'c');
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
    expect(data.dailyReport.markdown).toContain(
      '- **CRITICAL** critical (from 2026-11-20T05:00:00.000Z, not over)',
    );
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
