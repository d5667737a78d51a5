import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composePrivacyRoom } from '../../src/compose-privacy.js';
import { manualClock } from '../../src/kernel/clock.js';
import { openQueues } from '../../src/plant/queue.js';
import type { Queues } from '../../src/plant/ports.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';
import {
  CANARIES,
  CANARY,
  dumpOf,
  placesOf,
  plantCanary,
  plantWatched,
  temporaryTombstones,
} from '../support/canary.js';

let database: TestDatabase;
let queues: Queues;
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const place = temporaryTombstones();

beforeAll(async () => {
  database = await testDatabase();
  queues = await openQueues({ databaseUrl: database.url, redisUrl: null, log: keptLog() });
  const { userId } = await plantCanary(database.db, clock);
  await plantWatched(database.db, userId, clock);
  await queues.add('probe', { note: `mail to ${CANARY.email}` });
});
afterAll(async () => {
  await queues.close();
  await database.drop();
  place.remove();
});

describe('An erased customer', () => {
  it('was found in every kind of place before', async () => {
    const places = await placesOf(database.db, CANARIES);
    expect([...new Set(places.map(({ table }) => table))].sort()).toEqual([
      'alert',
      'alert_delivery',
      'audit_entry',
      'bullmq.job',
      'customer',
      'daily_report',
      'device',
      'event',
      'event_key',
      'feature_statistics',
      'feed_entry',
      'job',
      'model_version',
      'prediction',
      'quality_scan',
      'rejected_row',
      'ticket',
    ]);
  });

  it('is in no column of any table of any schema, in no dump, and nobody else is touched', async () => {
    const others = await othersOf();
    const room = composePrivacyRoom({
      db: database.db,
      clock,
      log: keptLog(),
      bus: null,
      tombstones: place.file,
    });
    const { receipt } = await room.eraseUser(CANARY.externalId, 'test');
    expect(receipt?.modelsTrainedOn).toEqual(['churn@1']);
    expect(receipt?.rows).toMatchObject({
      ...{ alert_user: 1, assignment: 1, feed_entry: 2, risk_level: 1 },
      customer: 1,
      device: 1,
      event: 2,
      event_key: 2,
      outcome: 1,
      prediction: 1,
      ticket: 1,
      user_device: 2,
    });
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    const dump = await dumpOf(database.db);
    for (const canary of CANARIES) expect(dump.includes(canary), canary).toBe(false);
    expect(place.text()).not.toMatch(/canary/i);
    expect(await othersOf()).toEqual(others);
    const [scan] = await database.db.query<{ samples: string[] }>(
      `select report #> '{checks,0,sampleIds}' as samples from quality_scan`,
    );
    expect(scan?.samples).toEqual(['erased', 'Event:api:other-1']);
  });
});

async function othersOf(): Promise<unknown> {
  const [row] = await database.db.query(
    `select (select jsonb_agg(c order by id) from customer c where external_id <> $1) as customers,
       (select count(*) from event e join customer c on c.id = e.user_id where c.external_id <> $1) as events,
       (select jsonb_agg(d order by id) from device d where key not like 'CANARY%') as devices,
       (select count(*) from user_device u join customer c on c.id = u.user_id where c.external_id <> $1) as seen,
       (select array_agg(t order by t) from (select 'alert_user' as t, user_id from alert_user
          union all select 'assignment', user_id from assignment union all select 'feed_entry', user_id from feed_entry
          union all select 'risk_level', user_id from risk_level) w
        join customer c on c.id = w.user_id where c.external_id <> $1) as watched,
       (select count(*) from rejected_row where user_key = 'neighbour') as rejected,
       (select jsonb_agg(a order by id) from audit_entry a
        where subject = 'User:' || (select id from customer where external_id = 'neighbour')) as audit`,
    [CANARY.externalId],
  );
  return row;
}
