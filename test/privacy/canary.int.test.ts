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
  temporaryTombstones,
} from '../support/canary.js';

let database: TestDatabase;
let queues: Queues;
const clock = manualClock(new Date('2026-11-21T12:00:00Z'));
const place = temporaryTombstones();

beforeAll(async () => {
  database = await testDatabase();
  queues = await openQueues({ databaseUrl: database.url, redisUrl: null, log: keptLog() });
  await plantCanary(database.db, clock);
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
      'audit_entry',
      'bullmq.job',
      'customer',
      'device',
      'event',
      'event_key',
      'feature_statistics',
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
       (select count(*) from rejected_row where user_key = 'neighbour') as rejected,
       (select jsonb_agg(a order by id) from audit_entry a
        where subject = 'User:' || (select id from customer where external_id = 'neighbour')) as audit`,
    [CANARY.externalId],
  );
  return row;
}
