import 'reflect-metadata';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditStore } from '../../../src/access/audit.store.js';
import { AlertChannelResolver } from '../../../src/alert/delivery/channel.resolver.js';
import { testChannel } from '../../../src/alert/delivery/test-channel.js';
import { addAlertsTestCommand } from '../../../src/cli/commands/alerts-test.js';
import type { CliContext } from '../../../src/cli/context.js';
import { composeDelivery, startDelivery } from '../../../src/compose-delivery-work.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { memoryBus } from '../../support/memory-bus.js';
import { keptLog } from '../../support/quiet-log.js';
import { roomGraph, type RoomGraph } from '../../support/room-graph.js';
import { deliveryLab } from './delivery-lab.js';
import { openReceiver, status, type Receiver } from './receiver.js';

let test: TestDatabase;
let lab: ReturnType<typeof deliveryLab>;
let receiver: Receiver;
let graph: RoomGraph;
beforeAll(async () => {
  test = await testDatabase();
  receiver = await openReceiver();
  lab = deliveryLab(test.db);
  const channels = [lab.webhook(receiver.url), lab.webhook(receiver.url, 'spare')];
  const { clock, store } = lab;
  graph = roomGraph(
    [
      new AlertChannelResolver({
        channels,
        channelStates: store.channelStates,
        test: testChannel({ channels, recordTest: store.recordTest, clock }),
        clock,
      }),
    ],
    clock,
  );
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

const CHANNELS = '{ alertChannels { name kind target healthy failures lastError openUntil } }';
const TEST =
  'mutation($name: String!) { testAlertChannel(name: $name) { delivered error userErrors { code message path } } }';

describe('channels in the graph', () => {
  it('show where they lead and how they do', async () => {
    const origin = `${new URL(receiver.url).origin}/…`;
    const calm = { healthy: true, failures: 0, lastError: null, openUntil: null };
    const about = (name: string) => ({ name, kind: 'WEBHOOK', target: origin });
    expect((await graph.ask(CHANNELS, {}, 'ANALYST')).data).toEqual({
      alertChannels: [
        { ...about('ops'), ...calm },
        { ...about('spare'), ...calm },
      ],
    });
    await test.db.query(
      `insert into channel_state (channel, failures, open_until, last_error, updated_at) values
         ('ops', 5, $1, 'HTTP 500', $2), ('spare', 5, $2, 'HTTP 500', $2)`,
      [new Date(lab.clock.wall().getTime() + 30_000), lab.clock.wall()],
    );
    const ill = { healthy: false, failures: 5, lastError: 'HTTP 500' };
    expect((await graph.ask(CHANNELS)).data).toEqual({
      alertChannels: [
        { ...about('ops'), ...ill, openUntil: '2026-03-01T12:00:30.000Z' },
        { ...about('spare'), ...ill, openUntil: null },
      ],
    });
  });
  it('are for who may read alerts', async () => {
    expect((await graph.ask(CHANNELS, {}, 'CRM')).errors?.[0]?.message).toContain('alert:read');
    const denied = await graph.ask(TEST, { name: 'ops' }, 'ANALYST');
    expect(denied.errors?.[0]?.message).toContain('alert:write');
    expect(receiver.received).toEqual([]);
  });
});

describe('a test of a channel', () => {
  it('is sent at once, is written down with who asked, and ends the rest of a channel', async () => {
    await test.db.query(
      `insert into channel_state (channel, failures, open_until, last_error, updated_at) values ('ops', 7, $1, 'x', $1)`,
      [new Date(lab.clock.wall().getTime() + 60_000)],
    );
    const { data } = await graph.ask(TEST, { name: 'ops' }, 'OPERATOR');
    expect(data).toEqual({
      testAlertChannel: { delivered: true, error: null, userErrors: [] },
    });
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'test',
      alerts: [],
    });
    expect(await lab.store.channelStates()).toMatchObject([{ failures: 0, openUntil: null }]);
    expect(await auditStore(test.db).bySubject('AlertChannel:ops')).toMatchObject([
      { actor: 'operator key', action: 'tested', detail: { delivered: true, error: null } },
    ]);
  });
  it('that does not get there says why, and does no harm to the channel', async () => {
    receiver.answer = status(403, {}, 'who are you?');
    expect((await graph.ask(TEST, { name: 'spare' })).data).toEqual({
      testAlertChannel: { delivered: false, error: 'HTTP 403: who are you?', userErrors: [] },
    });
    expect(await lab.store.channelStates()).toEqual([]);
    expect(await auditStore(test.db).bySubject('AlertChannel:spare')).toMatchObject([
      { detail: { delivered: false, error: 'HTTP 403: who are you?' } },
    ]);
  });
  it('names the channels that there are', async () => {
    const { data } = await graph.ask(TEST, { name: 'pos' });
    expect(data.testAlertChannel).toEqual({
      ...{ delivered: false, error: null },
      userErrors: [
        {
          code: 'NOT_FOUND',
          message: 'there is no channel named "pos": there are ops, spare',
          path: ['name'],
        },
      ],
    });
  });
});

describe('augury alerts test', () => {
  const run = async (json: boolean, answer: object): Promise<string> => {
    receiver.answer = status(200, {}, JSON.stringify({ data: { testAlertChannel: answer } }));
    const lines: string[] = [];
    const alerts = new Command().exitOverride();
    addAlertsTestCommand(alerts, {
      output: { json, line: (text: string) => lines.push(text), note: () => undefined },
      remote: () => Promise.resolve({ url: new URL(receiver.url).origin, key: 'k' }),
    } as unknown as CliContext);
    await alerts.parseAsync(['test', 'ops'], { from: 'user' });
    return lines.join('\n');
  };
  it('says that the channel was reached, and fails where it was not', async () => {
    const reached = { delivered: true, error: null, userErrors: [] };
    expect(await run(false, reached)).toBe('ops was reached');
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      variables: { name: 'ops' },
    });
    expect(JSON.parse(await run(true, reached))).toEqual({
      ...{ channel: 'ops', delivered: true, error: null },
    });
    const failed = { delivered: false, error: 'HTTP 404', userErrors: [] };
    await expect(run(false, failed)).rejects.toThrow('ops was not reached: HTTP 404');
  });
});

describe('the composition of a worker', () => {
  it('sends over the channels of its settings, logs what fails, and has none without a file', async () => {
    const log = keptLog();
    const plant = { db: test.db, bus: memoryBus(), clock: lab.clock, log };
    const settings = { channels: null, webhookNetworks: [] };
    const { channels, store } = composeDelivery(plant, settings, {});
    expect(channels).toEqual([]);
    receiver.answer = status(400);
    const outcomes: unknown[] = [];
    let attempted: () => void = () => undefined;
    const attempt = new Promise<void>((resolve) => (attempted = resolve));
    await lab.change(await lab.alert('CRITICAL'), 1, { severity: 'CRITICAL' });
    const delivering = startDelivery(
      plant,
      { channels: [lab.webhook(receiver.url)], store },
      (channel, outcome) => {
        outcomes.push([channel, outcome]);
        attempted();
      },
    );
    await attempt;
    await delivering.close();
    expect(outcomes).toEqual([['ops', 'FAILED']]);
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { channel: 'ops', attempts: 1, why: 'HTTP 400' } },
    ]);
    expect(await lab.statuses()).toEqual({ FAILED: 1 });
  });
});
