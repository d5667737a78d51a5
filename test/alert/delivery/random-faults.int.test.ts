import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Attempt, Channel } from '../../../src/alert/delivery/channel.js';
import { webhookBody } from '../../../src/alert/delivery/webhook-channel.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { deduplicating, deliveryLab } from './delivery-lab.js';

let test: TestDatabase;
let lab: ReturnType<typeof deliveryLab>;
beforeAll(async () => {
  test = await testDatabase();
  lab = deliveryLab(test.db);
});
afterAll(() => test.drop());

const FAULTS = ['none', 'none', 'lost answer', 'down', 'asks for time', 'refuses', 'dies'] as const;
type Fault = (typeof FAULTS)[number];

const step = fc.record({
  /** Which alert changes. */
  change: fc.option(fc.nat(3)),
  fault: fc.option(fc.constantFrom(...FAULTS)),
  /** Time that passes; a clock may be set back. */
  seconds: fc.constantFrom(0, 1, 5, 10, 61, 400, -60),
});

/** A channel whose receiver, or whose worker, fails as it is told. */
function faulty(fault: () => Fault, taken: ReturnType<typeof deduplicating>): Channel {
  const failed = (given: Partial<Attempt>): Attempt => ({
    ...{ ok: false, error: 'as told', retry: true },
    ...(given as object),
  });
  return {
    ...{ name: 'ops', kind: 'WEBHOOK', target: '', most: 4 },
    async send(message) {
      const body = webhookBody(message);
      await new Promise((resolve) => setImmediate(resolve));
      const now = fault();
      if (now === 'none' || now === 'lost answer')
        taken.take({ headers: { 'augury-id': message.id }, body });
      if (now === 'none') return { ok: true };
      // what a worker that is gone never gets to: its message is neither settled nor released
      if (now === 'dies') throw new Error('dead');
      if (now === 'asks for time') return failed({ retryAfterMs: 30_000 });
      return failed(now === 'refuses' ? { refused: true } : {});
    },
  };
}

it('whatever fails, and with two workers at once, every change is taken once and those of an alert in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      await lab.forget();
      const taken = deduplicating();
      let fault: Fault = 'none';
      const channel = faulty(() => fault, taken);
      const both = async (): Promise<void> => {
        // a worker that dies ends its run
        await Promise.allSettled([lab.deliver(channel), lab.deliver(channel)]);
      };
      const alerts = [];
      for (let i = 0; i < 4; i += 1) alerts.push({ id: await lab.alert(), revision: 0 });
      for (const each of steps) {
        fault = each.fault ?? fault;
        const alert = alerts[each.change ?? NaN];
        if (alert) {
          alert.revision += 1;
          await lab.change(alert.id, alert.revision);
        }
        lab.clock.advance(each.seconds * 1_000);
        await both();
      }
      fault = 'none';
      for (let i = 0; i < 14; i += 1) {
        lab.clock.advance(301_000);
        await both();
      }
      const wanted = alerts
        .filter(({ revision }) => revision > 0)
        .map(({ id, revision }): [string, number[]] => [
          id,
          Array.from({ length: revision }, (_, at) => at + 1),
        ]);
      expect(taken.revisions()).toEqual(new Map(wanted));
      const changes = alerts.reduce((sum, { revision }) => sum + revision, 0);
      expect(await lab.statuses()).toEqual(changes > 0 ? { DELIVERED: changes } : {});
    }),
    { numRuns: 8, seed: 20_260_301 },
  );
});
