import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../../src/alert/delivery/channel.js';
import { startDelivering } from '../../../src/alert/delivery/start-delivering.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { memoryBus } from '../../support/memory-bus.js';
import { deliveryLab } from './delivery-lab.js';
import { hang, openReceiver, status, type Receiver } from './receiver.js';

let test: TestDatabase;
let lab: ReturnType<typeof deliveryLab>;
let receiver: Receiver;
beforeAll(async () => {
  test = await testDatabase();
  receiver = await openReceiver();
  lab = deliveryLab(test.db);
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

function start(channels: readonly Channel[], everyMs: number) {
  const bus = memoryBus();
  const interrupted: unknown[] = [];
  const delivering = startDelivering({
    channels,
    deliver: lab.deliver,
    sweep: (known) => lab.store.sweep(known, lab.clock.wall()),
    subscribe: () => bus.subscribe('alerts'),
    onInterrupted: (error) => interrupted.push(error),
    everyMs,
    graceMs: 50,
  });
  return { bus, interrupted, delivering };
}

const critical = { severity: 'CRITICAL' } as const;

describe('delivering in the background', () => {
  it('sends when the bus says so, long before it looks by itself', async () => {
    const { bus, interrupted, delivering } = start([lab.webhook(receiver.url)], 3_600_000);
    await vi.waitFor(() => {
      expect(bus.subscribers()).toBe(1);
    });
    await lab.change(await lab.alert('CRITICAL'), 1, critical);
    bus.publish('alerts', {});
    await vi.waitFor(async () => {
      expect(await lab.statuses()).toEqual({ DELIVERED: 1 });
    });
    await delivering.close();
    expect(bus.subscribers()).toBe(0);
    expect(interrupted).toEqual([]);
  });
  it('sends by itself where the bus says nothing, and one channel that hangs holds up no other', async () => {
    const slow = await openReceiver(hang);
    const channels = [lab.webhook(slow.url, 'slow'), lab.webhook(receiver.url)];
    const { delivering } = start(channels, 5);
    const id = await lab.alert('CRITICAL');
    await lab.change(id, 1, critical, ['slow', 'ops', 'gone']);
    await vi.waitFor(async () => {
      expect(slow.received).toHaveLength(1);
      expect(await lab.statuses('ops')).toEqual({ DELIVERED: 1 });
    });
    await delivering.close();
    await slow.close();
  });
  it('goes on where the bus is gone and where the database was away', async () => {
    const interrupted: string[] = [];
    const ops = lab.webhook(receiver.url);
    let calls = 0;
    const delivering = startDelivering({
      channels: [ops],
      deliver: (channel, signal) => {
        calls += 1;
        return calls === 1
          ? Promise.reject(new Error('no database'))
          : lab.deliver(channel, signal);
      },
      sweep: () => Promise.resolve(),
      subscribe: () => {
        throw new Error('no bus');
      },
      onInterrupted: (error) => interrupted.push((error as Error).message),
      everyMs: 5,
    });
    await lab.change(await lab.alert('CRITICAL'), 1, critical);
    await vi.waitFor(async () => {
      expect(await lab.statuses()).toEqual({ DELIVERED: 1 });
    });
    await delivering.close();
    expect(interrupted).toEqual(expect.arrayContaining(['no database', 'no bus']));
  });
  it('closing cuts a send in flight short, and it is due at once for whoever comes next', async () => {
    receiver.answer = hang;
    const ops = lab.webhook(receiver.url);
    const { delivering } = start([ops], 5);
    await lab.change(await lab.alert('CRITICAL'), 1, critical);
    await vi.waitFor(() => {
      expect(receiver.received).toHaveLength(1);
    });
    await delivering.close();
    expect(await lab.statuses()).toEqual({ QUEUED: 1 });
    expect(await lab.store.channelStates()).toMatchObject([{ failures: 0 }]);
    receiver.answer = status(200);
    await lab.deliver(ops);
    expect(await lab.statuses()).toEqual({ DELIVERED: 1 });
    const [one, other] = receiver.received;
    expect(other?.headers['augury-id']).toBe(one?.headers['augury-id']);
    expect(other?.body).toBe(one?.body);
  });
  it('closing waits for a send that is about to get there', async () => {
    let finish: () => void = () => undefined;
    receiver.answer = (response) => {
      finish = () => response.end();
    };
    const { delivering } = start([lab.webhook(receiver.url)], 5);
    await lab.change(await lab.alert('CRITICAL'), 1, critical);
    await vi.waitFor(() => {
      expect(receiver.received).toHaveLength(1);
    });
    const closing = delivering.close();
    finish();
    await closing;
    expect(await lab.statuses()).toEqual({ DELIVERED: 1 });
  });
});
