import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertFromSnapshot } from '../../src/alert/alert-node.js';
import type { AlertSnapshot } from '../../src/alert/alert.js';
import { feedPosition } from '../../src/graphql/feed-cursor.js';
import { manualClock } from '../../src/kernel/clock.js';
import { feedBounds, forgetFeed, readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { ACK, alertQuestions, RESOLVE, SILENCE } from './alert-questions.js';
import { alertLab, type AlertLab } from './alert-lab.js';

const START = new Date('2026-06-01T10:00:00Z');
const clock = manualClock(START);
let database: TestDatabase;
let lab: AlertLab;
let create: ReturnType<typeof alertQuestions>['create'];
let refused: ReturnType<typeof alertQuestions>['refused'];
let failJob: ReturnType<typeof alertQuestions>['failJob'];
let fire: ReturnType<typeof alertQuestions>['fire'];

beforeAll(async () => {
  database = await testDatabase();
  lab = alertLab(database.db, clock);
  ({ create, refused, failJob, fire } = alertQuestions(lab, database.db, clock));
  await lab.addUsers([1, 2, 3]);
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock.set(START);
  await lab.clear();
});

describe('an alert', () => {
  it('is acknowledged with a comment, goes on, and is over with its whole history', async () => {
    const id = await fire({ channels: ['ops'] });
    const { acknowledgeAlert } = await lab.ask(ACK, { id, comment: 'mine' }, 'OPERATOR');
    expect(acknowledgeAlert).toEqual({
      alert: {
        ...{ id, status: 'ACKNOWLEDGED', revision: 2, acknowledgedAt: clock.wall().toISOString() },
        ...{ acknowledgedBy: 'operator key', silencedUntil: null, resolvedAt: null },
      },
      userErrors: [],
    });
    expect(await refused(ACK, { id })).toMatchObject([{ code: 'CONFLICT', path: ['id'] }]);
    await lab.pass(45);
    expect((await lab.alerts()).map(({ status }) => status)).toEqual(['ACKNOWLEDGED']);
    await database.db.query('delete from job');
    await lab.pass(90);
    const { alert } = await lab.ask(
      `query ($id: ID!) { alert(id: $id) { status resolvedAt rule { name }
        timeline { actor action detail } deliveries { channel status attempts lastError deliveredAt } } }`,
      { id },
    );
    expect(alert.status).toBe('RESOLVED');
    expect(
      alert.timeline.map(({ actor, action }: Record<string, string>) => `${actor}: ${action}`),
    ).toEqual(['alerts: resolved', 'operator key: acknowledged', 'alerts: fired']);
    expect(alert.timeline[1].detail).toMatchObject({ comment: 'mine' });
    // fired, acknowledged, resolved
    expect(alert.deliveries).toHaveLength(3);
    expect(await refused(RESOLVE, { id })).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('that is silenced stays visible, tells no channel, and comes back when it still holds', async () => {
    const id = await fire({ channels: ['ops'] });
    const untilAt = new Date(clock.wall().getTime() + 60_000);
    const { silenceAlert } = await lab.ask(SILENCE, { id, untilAt, comment: 'known' });
    expect(silenceAlert.alert).toMatchObject({
      status: 'SILENCED',
      silencedUntil: untilAt.toISOString(),
    });
    await lab.pass(45);
    expect((await lab.alerts('status: [SILENCED]'))[0]?.id).toBe(id);
    const sent = () => database.db.query('select revision from alert_delivery order by 1');
    expect(await sent()).toEqual([{ revision: 1 }]);
    await lab.pass(15);
    expect((await lab.alerts('status: [FIRING]'))[0]?.id).toBe(id);
    expect(await sent()).toEqual([{ revision: 1 }, { revision: 3 }]);
    // silenced again, it ends unheard
    await lab.ask(SILENCE, { id, untilAt: new Date(clock.wall().getTime() + 600_000) });
    await database.db.query('delete from job');
    await lab.pass(90);
    expect((await lab.alerts())[0]?.status).toBe('RESOLVED');
    expect(await sent()).toEqual([{ revision: 1 }, { revision: 3 }]);
  });

  it.each([
    ['now', 0],
    ['in the past', -1_000],
    ['in more than 30 days', 30 * 86_400_000 + 1],
  ])('is not silenced until %s', async (_title, ms) => {
    const id = await fire();
    const untilAt = new Date(clock.wall().getTime() + ms);
    expect(await refused(SILENCE, { id, untilAt })).toMatchObject([
      { code: 'INVALID', path: ['untilAt'] },
    ]);
  });

  it('is ended by hand; where it still holds another begins', async () => {
    const id = await fire();
    const { resolveAlert } = await lab.ask(RESOLVE, { id, comment: 'enough' });
    expect(resolveAlert.alert).toMatchObject({
      status: 'RESOLVED',
      resolvedAt: clock.wall().toISOString(),
    });
    await lab.pass(15);
    expect((await lab.alerts()).map(({ status }) => status)).toEqual(['FIRING', 'RESOLVED']);
  });

  it.each([ACK, RESOLVE])('is refused an action on another id: %#', async (document) => {
    const id = 'Alert:0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa';
    expect(await refused(document, { id })).toMatchObject([{ code: 'NOT_FOUND', path: ['id'] }]);
    expect(await refused(document, { id: 'Alert:1' })).toMatchObject([{ code: 'INVALID' }]);
    expect(await refused(document, { id, comment: 'x'.repeat(1_001) })).toMatchObject([
      { code: 'INVALID', path: ['comment'] },
    ]);
    expect((await lab.ask('query ($id: ID!) { alert(id: $id) { id } }', { id })).alert).toBeNull();
  });

  it('is acted on by one of two who do it at once', async () => {
    const id = await fire();
    const answers = await Promise.all([1, 2, 3, 4].map(() => refused(RESOLVE, { id })));
    expect(answers.filter((errors) => errors.length === 0)).toHaveLength(1);
  });

  it('has the cursor of its newest change, and as a snapshot that of its own', async () => {
    const id = await fire();
    const ask = async () =>
      (await lab.ask('query ($id: ID!) { alert(id: $id) { cursor } }', { id })).alert
        .cursor as string;
    const before = feedPosition('alert', await ask()) ?? 0;
    await lab.ask(ACK, { id });
    const after = feedPosition('alert', await ask()) ?? 0;
    expect(after).toBeGreaterThan(before);
    const entries = await readFeed(database.db, 'alert', before, 10);
    expect(entries.map((entry) => entry.id)).toEqual([after]);
    expect(entries[0]).toMatchObject({ keys: { severity: 'HIGH', status: 'ACKNOWLEDGED' } });
    await lab.ask(RESOLVE, { id });
    const node = alertFromSnapshot(entries[0]?.payload as AlertSnapshot, 'there');
    expect(node).toMatchObject({
      id,
      status: 'ACKNOWLEDGED',
      cursorThen: 'there',
      resolvedAt: null,
    });
    expect(node.acknowledgedAt).toEqual(clock.wall());
  });

  it('has a cursor that can be used and from which nothing is lost, also where its changes are held no more', async () => {
    const id = (await fire()).replace('Alert:', '');
    await lab.ask(ACK, { id: `Alert:${id}` });
    const [fired, acknowledged] = await readFeed(database.db, 'alert', 0, 10);
    const cursors = (...revisions: number[]) =>
      lab.work.alerts.newestChanges(revisions.map((revision) => ({ id, revision })));
    // read before somebody acknowledged it: that is still to be told
    expect(await cursors(0, 2, 1, 2)).toEqual([
      ...[0, acknowledged?.id, fired?.id, acknowledged?.id],
    ]);
    clock.advance(86_400_000);
    await forgetFeed(database.db, clock.wall(), clock.wall());
    expect(await cursors(1, 2)).toEqual([acknowledged?.id, acknowledged?.id]);
    const { forgotten, given } = await feedBounds(database.db, 'alert');
    expect([forgotten, given]).toEqual([acknowledged?.id, acknowledged?.id]);
  });
});

describe('the list', () => {
  it('is walked a page at a time, by status, severity and start, and keeps what is over', async () => {
    for (const [name, severity] of [
      ['a', 'LOW'],
      ['b', 'MEDIUM'],
      ['c', 'CRITICAL'],
    ])
      await create({ name, severity, metric: 'jobs_failed', threshold: 0, keepFiringSeconds: 0 });
    const kinds = ['TRAIN', 'SCORE', 'REPORT'];
    for (const kind of kinds) {
      await failJob(kind);
      await lab.pass(15);
      clock.advance(86_400_000);
      await lab.pass(15);
    }
    const whole = await lab.alerts();
    expect(whole).toHaveLength(9);
    const walked: string[] = [];
    let after: string | null = null;
    do {
      const { alerts } = (await lab.ask(
        `query ($after: String) { alerts(first: 2, after: $after) {
          edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )) as {
        alerts: {
          edges: { node: { id: string } }[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      };
      walked.push(...alerts.edges.map(({ node }) => node.id));
      after = alerts.pageInfo.hasNextPage ? alerts.pageInfo.endCursor : null;
    } while (after !== null);
    expect(walked).toEqual(whole.map(({ id }) => id));
    expect(await lab.alerts('minSeverity: MEDIUM')).toHaveLength(6);
    expect(await lab.alerts('status: [FIRING, PENDING]')).toHaveLength(0);
    const day = new Date(clock.wall().getTime() - 86_400_000 - 60_000).toISOString();
    expect(await lab.alerts(`since: "${day}"`)).toHaveLength(3);
  });

  it.each(['first: -1', 'first: 1001', 'after: "x"', 'after: "WzEsMl0"'])(
    'refuses %s',
    async (argument) => {
      await expect(lab.ask(`{ alerts(${argument}) { nodes { id } } }`)).rejects.toThrow(
        /first must be|not a cursor/,
      );
    },
  );

  it('costs the same statements however many alerts it holds', async () => {
    const count = async (first: number) => {
      const { errors, counts } = await lab.graph.ask(
        `{ alerts(first: ${first}) { nodes { cursor rule { name } timeline { action }
           affectedUsers(first: 2) { totalCount nodes { id } } } } }`,
      );
      expect(errors).toBeUndefined();
      return counts.sql;
    };
    await fire({ labels: {} });
    await failJob('SCORE');
    await failJob('REPORT');
    await lab.pass(15);
    await database.db.query(
      'insert into alert_user select a.id, u from alert a, generate_series(1, 3) u',
    );
    expect(await lab.alerts()).toHaveLength(3);
    expect(await count(3)).toBe(await count(1));
    const ofUsers = async (first: number) =>
      (
        await lab.graph.ask(
          `{ users(first: ${first}) { nodes { alerts(first: 1) { nodes { id } } } } }`,
        )
      ).counts.sql;
    expect(await ofUsers(3)).toBe(await ofUsers(1));
  });
});
