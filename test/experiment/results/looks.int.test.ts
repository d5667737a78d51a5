import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { composeExperimentResults } from '../../../src/compose-experiment-results.js';
import type { Experiment } from '../../../src/experiment/experiment.js';
import { ExperimentResolver } from '../../../src/experiment/experiment.resolver.js';
import { lookAtExperiments } from '../../../src/experiment/results/look-at-experiments.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { readFeed } from '../../../src/plant/feed-log.js';
import { roomGraph, type RoomGraph } from '../../support/room-graph.js';
import { keptLog } from '../../support/quiet-log.js';
import { openResultsLab, type ResultsLab } from './results-lab.js';

const USERS = 600;
const start = new Date('2026-01-10');
const now = new Date('2026-01-20');
const day = (n: number): Date => new Date(start.getTime() + n * DAY_MS);

let lab: ResultsLab;
let graph: RoomGraph;
let mail: Experiment;
let idle: Experiment;

beforeAll(async () => {
  lab = await openResultsLab(USERS, now);
  mail = await lab.make({
    ...{ key: 'mail', hypothesis: 'A mail | brings <people> back.' },
    ...{ primaryMetric: 'share:visit', guardrails: ['count:complaint'], prePeriodDays: 0 },
    ...{ lowerIsBetter: ['count:complaint'], startsAt: start, endsAt: day(30) },
  });
  idle = await lab.make({ key: 'idle', startsAt: start, endsAt: day(30) });
  await lab.make({ key: 'draft', status: 'DRAFT', startedAt: null });
  const users = Array.from({ length: USERS }, (_, at) => at + 1);
  const inTreatment = (user: number): boolean => user % 2 === 0;
  await lab.assign(
    mail,
    users.map((user) => ({
      ...{ user, variant: inTreatment(user) ? 'treatment' : 'control', at: day(1), exposures: 2 },
    })),
  );
  await lab.record(
    users.flatMap((user) => [
      ...(user % 10 < (inTreatment(user) ? 6 : 2) ? [{ user, type: 'visit', at: day(2) }] : []),
      // the mail annoys
      ...(inTreatment(user) && user % 6 === 0 ? [{ user, type: 'complaint', at: day(3) }] : []),
      ...(user % 50 === 1 ? [{ user, type: 'complaint', at: day(3) }] : []),
    ]),
  );
  graph = roomGraph(
    [
      new ExperimentResolver({
        list: lab.experiments.list,
        byKey: lab.experiments.byKey,
        create: () => Promise.reject(new Error('nothing is created here')),
        move: () => Promise.reject(new Error('nothing moves here')),
        modelLoaders: { model: () => null, version: () => null } as never,
      }),
      ...composeExperimentResults(lab.looks).resolvers,
    ],
    lab.clock,
  );
});
afterAll(() => lab.close());

const ASK = `{ experiment(key: "mail") { results {
  asOf until decision winner { key } reason waitingFor disagreement { users }
  sampleRatio { pValue mismatch }
  variants { variant { key control } users exposures outcomes mean low high metrics { name split value low high } }
  comparisons { metric control { key } treatment { key } difference relativeLift low high pValue sequentialPValue
    adjustedPValue sequentialLow sequentialHigh significant verdict method varianceReduction } } } }`;

describe('results in the graph', () => {
  it('say what was measured, and that the mail is to go: it brings people back but annoys them', async () => {
    const { data, errors, counts } = await graph.ask(ASK, {}, 'CRM');
    expect(errors).toBeUndefined();
    const { results } = data.experiment;
    expect(results.decision).toBe('ROLL_BACK');
    expect(results.winner).toBeNull();
    expect(results.reason).toMatch(/^treatment is worse: count:complaint differs by/);
    expect(results.variants).toMatchObject([
      { variant: { key: 'control', control: true }, users: 300, exposures: 600, outcomes: 60 },
      { variant: { key: 'treatment', control: false }, users: 300, exposures: 600 },
    ]);
    expect(results.variants[0].mean).toBeCloseTo(0.2, 12);
    expect(
      results.variants[0].metrics.map(({ name, split }: { name: string; split: string }) => [
        ...[name, split],
      ]),
    ).toEqual([
      ['share:visit', 'LIVE'],
      ['count:complaint', 'LIVE'],
    ]);
    expect(results.comparisons).toMatchObject([
      { metric: 'share:visit', significant: true, verdict: 'BETTER', method: 'two-proportion z' },
      { metric: 'count:complaint', significant: true, verdict: 'WORSE', method: 'Welch t' },
    ]);
    // the experiment, and its sums
    expect(counts.sql).toBe(2);
  });

  it('an experiment without anybody answers null and waits, in words', async () => {
    const { data, errors } = await graph.ask(ASK.replace('mail', 'idle'));
    expect(errors).toBeUndefined();
    const { results } = data.experiment;
    expect(results.decision).toBe('KEEP_RUNNING');
    expect(results.reason).toBe(
      'There is not enough data: control has 0, treatment has 0 of at least 100 customers.',
    );
    expect(results.comparisons).toEqual([]);
    expect(results.variants[0]).toMatchObject({ users: 0, mean: null, metrics: [] });
    expect(results.sampleRatio).toEqual({ pValue: 1, mismatch: false });
  });
});

describe('looks', () => {
  it('are kept of what runs, with the news in the log of changes; drafts are not looked at', async () => {
    const before = (await readFeed(lab.db, 'experiment', 0, 100)).length;
    expect(await lab.looks.lookAtExperiments()).toEqual({ looked: 2, failed: 0 });
    const news = (await readFeed(lab.db, 'experiment', 0, 100)).slice(before);
    expect(news.map(({ keys }) => keys.key).sort()).toEqual(['idle', 'mail']);
    expect(new Set(news.map(({ subject }) => subject))).toEqual(new Set([mail.id, idle.id]));
    expect(lab.announced).toEqual(['feed:experiment', 'feed:experiment']);
    const rows = await lab.db.query<{ at: Date; report: { decision: string; asOf: string } }>(
      'select at, report from experiment_look where experiment_id = $1',
      [mail.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.at).toEqual(now);
    expect(rows[0]?.report).toMatchObject({
      ...{ decision: 'ROLL_BACK', asOf: new Date(now.getTime() + 1).toISOString() },
      guardrails: [{ metric: 'count:complaint', treatment: 'treatment', harmed: true }],
    });
  });

  it('go on past an experiment that cannot be read', async () => {
    const log = keptLog();
    const written: string[] = [];
    const answer = await lookAtExperiments({
      list: lab.experiments.list,
      read: (experiment, asOf) =>
        experiment.key === 'idle'
          ? Promise.reject(new Error('no'))
          : lab.looks.read(experiment, asOf),
      write: ({ key }) => Promise.resolve(void written.push(key)),
      announce: () => undefined,
      now: () => now,
      wall: () => now,
      log,
    });
    expect(answer).toEqual({ looked: 1, failed: 1 });
    expect(written).toEqual(['mail']);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { experiment: 'idle' } }]);
  });
});

describe('the report for audit', () => {
  it('has data, parameters, metrics, decision, looks and who approved, and what people wrote breaks no table', async () => {
    await auditStore(lab.db).write({
      ...{ at: day(2), actor: 'ola', action: 'started', subject: `Experiment:${mail.id}` },
      detail: { key: 'mail' },
    });
    const { data, errors } = await graph.ask('{ experiment(key: "mail") { report } }', {}, 'CRM');
    expect(errors).toBeUndefined();
    const report: string = data.experiment.report;
    for (const part of [
      '# Experiment mail',
      'A mail \\| brings &lt;people&gt; back.',
      '**ROLL_BACK**: treatment is worse',
      '## Parameters',
      '| primary metric | share:visit |',
      '## Data',
      '| treatment | 300 | 600 |',
      '## Metrics',
      '## Comparisons',
      '## Looks',
      '## Approvals and changes',
      '| ola | started | Experiment:',
      '| ana | created | Experiment:',
    ])
      expect(report).toContain(part);
    const account = await lab.looks.account('mail');
    expect(account?.markdown).not.toContain('Approvals');
    expect(Object.keys(account?.data ?? {})).toEqual([
      ...['standing', 'parameters', 'data', 'metrics', 'decision'],
    ]);
    expect(await lab.looks.account('none')).toBeNull();
  });
});
