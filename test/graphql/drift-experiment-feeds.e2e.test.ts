import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { driftReportStore } from '../../src/drift/drift-report.store.js';
import type { DriftReport } from '../../src/drift/drift.js';
import { newerThanTold } from '../../src/experiment/experiment-changed.resolver.js';
import { experimentStore } from '../../src/experiment/experiment.store.js';
import type { ExperimentEvent, ExperimentStatus } from '../../src/experiment/experiment.js';
import type { LookReport } from '../../src/experiment/results/look.js';
import { lookStore } from '../../src/experiment/results/look.store.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import { feedBusTopic } from '../../src/plant/feed-log.js';
import { until } from '../support/door.js';
import { follow, openFeedDoor, type FeedDoor, type Follower } from '../support/feed-door.js';

const MODEL = '01900000-0000-7000-8000-0000000000c1';
const AT = new Date('2026-06-01T00:00:00Z');
let lab: FeedDoor;
beforeAll(async () => {
  lab = await openFeedDoor();
});
afterAll(() => lab.close());

function subscribe<T>(query: string, field: string): Promise<Follower<T>> {
  return follow<T>(lab.door.server.url, lab.key, `subscription { ${query} }`, field);
}

async function report(model: string, drifted: boolean): Promise<string> {
  const id = uuidv7(AT);
  const row: DriftReport = {
    ...{ id, modelId: MODEL, modelVersionId: MODEL, jobId: null },
    ...{ referenceFrom: AT, referenceUntil: AT, currentFrom: AT, currentUntil: AT },
    ...{ referenceRows: 1, currentRows: 1, features: [], prediction: null, label: null },
    ...{ concept: null, drifted, driftedShare: 0, consequence: 0.5, action: 'ALERTED' },
    ...{ retrainingJobId: null, referenceSource: 'TRAINING', accuracyFall: null, because: '' },
    createdAt: AT,
  };
  const keys = { model, modelId: MODEL };
  await driftReportStore(lab.database.db).write(row, { at: AT, subject: id, keys });
  lab.bus.publish(feedBusTopic('drift'), {});
  return `DriftReport:${id}`;
}

describe('driftDetected', () => {
  interface Told {
    id: string;
    cursor: string;
  }
  const detected = (args = '') =>
    subscribe<Told>(`driftDetected${args} { id cursor }`, 'driftDetected');

  it('tells reports that found drift, missed ones first, of one model where it is named', async () => {
    const start = await report('a', true);
    const response = await fetch(`${lab.door.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${lab.key}` },
      body: JSON.stringify({ query: '{ changesCursor(topic: DRIFT) }' }),
    });
    const { data } = (await response.json()) as { data: { changesCursor: string } };
    const missed = await report('a', true);
    await report('a', false);
    const first = await detected(`(after: "${data.changesCursor}")`);
    await until(() => first.told.length === 1);
    first.cut();
    const other = await report('b', true);
    const second = await detected(`(after: "${String(first.told[0]?.cursor)}")`);
    await until(() => second.told.length === 1);
    const live = await report('a', true);
    await until(() => second.told.length === 2);
    const ids = [...first.told, ...second.told].map(({ id }) => id);
    expect(ids).toEqual([missed, other, live]);
    expect(ids).not.toContain(start);
    await second.end();
  });

  it('refuses a model that is not there', async () => {
    const follower = await detected('(model: "nothing")');
    await until(() => follower.errors.length > 0);
    expect(follower.errors[0]).toMatchObject({
      message: 'no model is named nothing',
      extensions: { code: 'NOT_FOUND' },
    });
    await follower.end();
  });
});

describe('experimentChanged', () => {
  const store = () => experimentStore(lab.database.db, auditStore);
  const changed = (key: string) =>
    subscribe<{ key: string; status: string }>(
      `experimentChanged(key: "${key}") { key status }`,
      'experimentChanged',
    );
  async function create(key: string): Promise<void> {
    const variant = { weight: 1, modelVersionId: null, payload: {} };
    await store().create({
      ...{ key, hypothesis: 'h', modelId: null, trafficShare: 1, holdoutShare: 0 },
      variants: [
        { key: 'a', control: true, ...variant },
        { key: 'b', control: false, ...variant },
      ],
      ...{ primaryMetric: 'conversion', guardrails: [], lowerIsBetter: [], minimumUsers: 1 },
      ...{ prePeriodDays: 0, startsAt: AT, endsAt: new Date(AT.getTime() + 1_000) },
      ...{ createdAt: AT, createdBy: 'test' },
    });
  }
  async function move(key: string, event: ExperimentEvent, to: ExperimentStatus, seconds: number) {
    const at = new Date(AT.getTime() + seconds * 1_000);
    await store().move({ key, event, at, actor: 'test', winner: null }, ({ status }) => ({
      from: status,
      to,
    }));
    lab.bus.publish(feedBusTopic('experiment'), {});
  }

  async function keepResults(key: string) {
    const { id } = (await store().byKey(key))!;
    await lookStore(lab.database.db).write({ id, key }, AT, {} as LookReport);
    lab.bus.publish(feedBusTopic('experiment'), {});
  }

  it('tells the experiment now, then every change of it and of no other, and that results were kept', async () => {
    await create('one');
    await create('other');
    const follower = await changed('one');
    await until(() => follower.told.length === 1);
    await move('other', 'START', 'RUNNING', 1);
    await move('one', 'START', 'RUNNING', 2);
    await until(() => follower.told.length === 2);
    await move('one', 'STOP', 'STOPPED', 3);
    await until(() => follower.told.length === 3);
    await move('one', 'CONCLUDE', 'CONCLUDED', 4);
    await until(() => follower.told.length === 4);
    await keepResults('one');
    await until(() => follower.told.length === 5);
    expect(follower.told).toEqual(
      ['DRAFT', 'RUNNING', 'STOPPED', 'CONCLUDED', 'CONCLUDED'].map((status) => ({
        key: 'one',
        status,
      })),
    );
    await follower.end();
  });

  it('never goes back to a state that was read before', async () => {
    await create('two');
    const draft = await store().byKey('two');
    await move('two', 'START', 'RUNNING', 2);
    const running = await store().byKey('two');
    const isNews = newerThanTold();
    const told = [running, draft, running, null].map((row) => isNews({ id: 1, keys: {}, row }));
    expect(told).toEqual([true, false, false, false]);
  });

  it('refuses a key that is not there', async () => {
    const follower = await changed('nothing');
    await until(() => follower.errors.length > 0);
    expect(follower.errors[0]).toMatchObject({
      message: 'no experiment has the key nothing',
      extensions: { code: 'NOT_FOUND' },
    });
    await follower.end();
  });
});
