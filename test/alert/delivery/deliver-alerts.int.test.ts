import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metricReaders } from '../../../src/alert/metric.store.js';
import type { Channel } from '../../../src/alert/delivery/channel.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { deduplicating, deliveryLab } from './delivery-lab.js';
import { down, hang, openReceiver, status, type Receiver } from './receiver.js';

let test: TestDatabase;
let lab: ReturnType<typeof deliveryLab>;
let receiver: Receiver;
let ops: Channel;
beforeAll(async () => {
  test = await testDatabase();
  receiver = await openReceiver();
  lab = deliveryLab(test.db);
  ops = lab.webhook(receiver.url);
});
afterAll(async () => {
  await receiver.close();
  await test.drop();
});
beforeEach(async () => {
  await lab.forget();
  receiver.received.length = 0;
  receiver.answer = status(200);
});

/** Time goes on, and a worker looks every few seconds. */
async function pass(seconds: number, channel = ops, everySeconds = 5): Promise<void> {
  for (let left = seconds; left > 0; left -= everySeconds) {
    lab.clock.advance(everySeconds * 1_000);
    await lab.deliver(channel);
  }
}

const alertsOf = (body: string): { id: string; revision: number; status: string }[] =>
  (JSON.parse(body) as { alerts: { id: string; revision: number; status: string }[] }).alerts;

describe('a receiver that fails in many ways', () => {
  it('down for 10 minutes, then 429, then 500, then an answer that is lost: nothing is lost, order is kept, each is taken once', async () => {
    const taken = deduplicating();
    const ids: string[] = [];
    receiver.answer = down;
    for (let minute = 0; minute < 10; minute += 1) {
      const id = await lab.alert();
      ids.push(id);
      await lab.change(id, 1);
      await pass(30);
      await lab.change(id, 2, { status: 'RESOLVED' });
      await pass(30);
    }
    expect(await lab.statuses()).toEqual({ QUEUED: 20 });
    const whileDown = receiver.received.length;
    expect(whileDown).toBeGreaterThanOrEqual(5);
    expect(whileDown).toBeLessThanOrEqual(12); // the breaker: not an attempt each 5 seconds

    receiver.answer = status(429, { 'retry-after': '120' });
    await pass(300);
    expect(receiver.received.length - whileDown).toBeLessThanOrEqual(3);
    receiver.answer = status(500);
    await pass(300);
    receiver.answer = (response, got) => {
      taken.take(got);
      response.destroy();
    };
    await pass(330);
    expect(taken.seen.size).toBeGreaterThanOrEqual(1);
    receiver.answer = (response, got) => {
      taken.take(got);
      response.end();
    };
    await pass(900);

    expect(await lab.statuses()).toEqual({ DELIVERED: 20 });
    expect(taken.revisions()).toEqual(new Map(ids.map((id) => [id, [1, 2]])));
    const [first] = await lab.store.deliveriesByAlerts([ids[0] ?? '']);
    expect(first).toMatchObject([
      { revision: 1, alertStatus: 'FIRING', channel: 'ops', status: 'DELIVERED', lastError: null },
      { revision: 2, alertStatus: 'RESOLVED', channel: 'ops', status: 'DELIVERED' },
    ]);
  });

  it('that hangs is left after its time, and is tried again', async () => {
    const impatient = lab.webhook(receiver.url, 'ops', 100);
    receiver.answer = hang;
    await lab.change(await lab.alert(), 1);
    await pass(15, impatient);
    expect(await test.db.query('select status, last_error from alert_delivery')).toEqual([
      { status: 'QUEUED', last_error: 'no answer within 0.1 s' },
    ]);
    receiver.answer = status(204);
    await pass(30, impatient);
    expect(await lab.statuses()).toEqual({ DELIVERED: 1 });
  });

  it('that calls a message wrong gets it no more, and the next change of the alert all the same', async () => {
    const id = await lab.alert();
    receiver.answer = status(422, {}, 'no such field');
    await lab.change(id, 1);
    await pass(10);
    receiver.answer = status(200);
    await lab.change(id, 2, { status: 'RESOLVED' });
    await pass(60);
    expect(receiver.received).toHaveLength(2);
    expect((await lab.store.deliveriesByAlerts([id]))[0]).toMatchObject([
      { status: 'FAILED', attempts: 1, lastError: 'HTTP 422: no such field', deliveredAt: null },
      { status: 'DELIVERED', attempts: 1 },
    ]);
  });

  it('that refuses the key is tried slowly for an hour: mended in time nothing is lost', async () => {
    const id = await lab.alert();
    receiver.answer = status(401);
    await lab.change(id, 1);
    await pass(50 * 60, ops, 30);
    expect(receiver.received.length).toBeLessThan(25);
    receiver.answer = status(200);
    await pass(10 * 60, ops, 30);
    expect(await lab.statuses()).toEqual({ DELIVERED: 1 });

    receiver.answer = status(404);
    await lab.change(id, 2);
    await pass(80 * 60, ops, 30);
    expect((await lab.store.deliveriesByAlerts([id]))[0]?.[1]).toMatchObject({
      status: 'FAILED',
      lastError: 'given up after an hour of refusals: HTTP 404',
    });
  });
});

describe('grouping', () => {
  it('50 alerts of one outage are one message, 10 seconds after the first', async () => {
    for (let i = 0; i < 50; i += 1) await lab.change(await lab.alert(), 1);
    await pass(5);
    expect(receiver.received).toHaveLength(0);
    await pass(5);
    expect(receiver.received.map(({ body }) => alertsOf(body).length)).toEqual([50]);
  });
  it('a lone critical alert is sent at once, those that follow it together', async () => {
    await lab.change(await lab.alert('CRITICAL'), 1, { severity: 'CRITICAL' });
    await lab.deliver(ops);
    expect(receiver.received).toHaveLength(1);
    for (let i = 0; i < 5; i += 1) {
      await lab.change(await lab.alert('CRITICAL'), 1, { severity: 'CRITICAL' });
      await pass(1, ops, 1);
    }
    await pass(10);
    expect(receiver.received.map(({ body }) => alertsOf(body).length)).toEqual([1, 5]);
  });
  it('a change waits for the older one of its alert and not for others', async () => {
    const [slow, other] = [await lab.alert(), await lab.alert()];
    receiver.answer = (response, { body }) => {
      response.writeHead(alertsOf(body).some(({ id }) => id === slow) ? 500 : 200).end();
    };
    await lab.change(slow, 1);
    await pass(10);
    await lab.change(slow, 2, { status: 'RESOLVED' });
    await lab.change(other, 1);
    await pass(15);
    const told = receiver.received.flatMap(({ body }) => alertsOf(body));
    expect(told.filter(({ id }) => id === other)).toHaveLength(1);
    expect(told.filter(({ revision }) => revision === 2)).toEqual([]);
    receiver.answer = status(200);
    await pass(120);
    const revisions = receiver.received
      .flatMap(({ body }) => alertsOf(body))
      .filter(({ id }) => id === slow)
      .map(({ revision }) => revision);
    expect(revisions.slice(-2)).toEqual([1, 2]);
    expect(await lab.statuses()).toEqual({ DELIVERED: 3 });
  });
});

describe('a clock that was set back', () => {
  it('does not change the order of an alert, nor hold it up', async () => {
    const narrow = { ...ops, most: 1 };
    const id = await lab.alert();
    await lab.change(id, 1);
    lab.clock.advance(-600_000);
    await lab.change(id, 2, { status: 'RESOLVED' });
    await pass(15, narrow);
    const told = receiver.received.flatMap(({ body }) => alertsOf(body));
    expect(told.map(({ revision }) => revision)).toEqual([1, 2]);
  });
});

describe('several workers', () => {
  it('never send the same change twice', async () => {
    const narrow = { ...ops, most: 3 };
    const ids: string[] = [];
    for (let i = 0; i < 30; i += 1) {
      const id = await lab.alert();
      ids.push(id);
      await lab.change(id, 1);
      await lab.change(id, 2, { status: 'RESOLVED' });
    }
    lab.clock.advance(10_000);
    receiver.answer = (response) => {
      setTimeout(() => response.end(), 2);
    };
    for (let round = 0; round < 20; round += 1)
      await Promise.all([1, 2, 3, 4].map(() => lab.deliver(narrow)));
    const told = receiver.received.flatMap(({ body }) => alertsOf(body));
    expect(told).toHaveLength(60);
    for (const id of ids)
      expect(told.filter((each) => each.id === id).map(({ revision }) => revision)).toEqual([1, 2]);
    expect(await lab.statuses()).toEqual({ DELIVERED: 60 });
  });

  it('one that dies in the middle is followed by another after its lease, with the same id and body', async () => {
    const first = await lab.alert();
    await lab.change(first, 1);
    lab.clock.advance(10_000);
    const grouping = { withinMs: 10_000, most: 100 };
    const claimed = await lab.store.claim('ops', grouping, 60_000, lab.clock.wall());
    expect(claimed).toMatchObject({ attempts: 1, changes: [{ alertId: first }] });
    await lab.change(await lab.alert(), 1);
    await lab.change(first, 2);
    await pass(55);
    const others = receiver.received.flatMap(({ body }) => alertsOf(body));
    expect(others.filter(({ id }) => id === first)).toEqual([]);
    await pass(30);
    const late = receiver.received.filter(({ headers }) => headers['augury-id'] === claimed?.id);
    expect(late).toHaveLength(1);
    expect(alertsOf(late[0]?.body ?? '')).toMatchObject([{ id: first, revision: 1 }]);
    expect(await lab.statuses()).toEqual({ DELIVERED: 3 });
  });

  it('share one breaker: it opens after 5 failures, and one of them probes', async () => {
    receiver.answer = down;
    for (let i = 0; i < 3; i += 1) {
      await lab.change(await lab.alert(), 1);
      await pass(10);
    }
    for (let i = 0; i < 12 && receiver.received.length < 5; i += 1) await pass(5);
    expect(receiver.received).toHaveLength(5);
    expect(await lab.store.channelStates()).toMatchObject([
      { channel: 'ops', failures: 5, lastError: 'socket hang up' },
    ]);
    const [state] = await lab.store.channelStates();
    const opensAt = state?.openUntil?.getTime() ?? NaN;
    expect(opensAt - lab.clock.wall().getTime()).toBeLessThanOrEqual(30_000);
    lab.clock.set(new Date(opensAt - 1));
    await lab.deliver(ops);
    expect(receiver.received).toHaveLength(5);

    lab.clock.set(new Date(opensAt));
    let inFlight: () => void = () => undefined;
    const probing = new Promise<void>((resolve) => (inFlight = resolve));
    let finish: () => void = () => undefined;
    receiver.answer = (response) => {
      finish = () => response.end();
      inFlight();
    };
    const probe = lab.deliver(ops);
    await probing;
    await Promise.all([1, 2, 3].map(() => lab.deliver(ops)));
    expect(receiver.received).toHaveLength(6);
    receiver.answer = status(200);
    finish();
    await probe;
    expect(await lab.store.channelStates()).toMatchObject([{ failures: 0, openUntil: null }]);
    await pass(120);
    expect(await lab.statuses()).toEqual({ DELIVERED: 3 });
  });
});

describe('channels that nobody knows', () => {
  it('are named at once and given up after three days', async () => {
    const id = await lab.alert();
    await lab.change(id, 1, {}, ['gone', 'ops']);
    expect(await lab.store.sweep(['ops'], lab.clock.wall())).toBe(0);
    const about = async (): Promise<unknown> => (await lab.store.deliveriesByAlerts([id]))[0];
    const lastError = 'no channel of this name is configured';
    expect(await about()).toMatchObject([
      { channel: 'gone', status: 'QUEUED', lastError },
      { channel: 'ops', status: 'QUEUED', lastError: null },
    ]);
    lab.clock.advance(73 * 3_600_000);
    expect(await lab.store.sweep(['ops'], lab.clock.wall())).toBe(1);
    expect(await about()).toMatchObject([
      { channel: 'gone', status: 'FAILED', lastError },
      { channel: 'ops', status: 'QUEUED' },
    ]);
  });
});

describe('the metric of what is not delivered', () => {
  const failed = async (): Promise<Record<string, number>> => {
    const readings = await metricReaders(test.db).delivery_failed(lab.clock.wall());
    return Object.fromEntries(readings.map(({ labels, value }) => [labels['channel'], value]));
  };

  it('counts what was given up within the hour, however old it was, and what waits for long', async () => {
    const id = await lab.alert();
    await lab.change(id, 1, {}, ['ops', 'gone']);
    receiver.answer = status(500);
    await pass(600);
    expect(await failed()).toEqual({ gone: 0, ops: 1 }); // rests after five failures
    lab.clock.advance(3_600_000);
    expect(await failed()).toEqual({ gone: 1, ops: 1 });
    await pass(71 * 3_600, ops, 3_600);
    await lab.store.sweep(['ops'], lab.clock.wall());
    expect(await lab.statuses()).toEqual({ FAILED: 1 });
    expect(await failed()).toEqual({ gone: 1, ops: 1 });
    lab.clock.advance(3_601_000);
    expect(await failed()).toEqual({ gone: 0, ops: 0 });
  });

  it('forgives a receiver that asks for a moment', async () => {
    await lab.change(await lab.alert(), 1);
    receiver.answer = status(429, { 'retry-after': '120' });
    await pass(15);
    expect(receiver.received).toHaveLength(1);
    expect(await failed()).toEqual({ ops: 0 });
  });
});

it('what became of a change is known for a year, and what waits is never forgotten', async () => {
  const id = await lab.alert();
  await lab.change(id, 1, {}, ['ops', 'gone']);
  await pass(15);
  lab.clock.advance(365 * 86_400_000 - 15_000);
  expect(await lab.store.forget(lab.clock.wall())).toBe(0);
  lab.clock.advance(1);
  expect(await lab.store.forget(lab.clock.wall())).toBe(1);
  expect((await lab.store.deliveriesByAlerts([id]))[0]).toMatchObject([{ channel: 'gone' }]);
});
