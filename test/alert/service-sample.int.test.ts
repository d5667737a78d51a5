import { afterAll, beforeAll, expect, it } from 'vitest';
import { serviceSampleStore } from '../../src/alert/service-sample.store.js';
import { BUCKET_SECONDS, sampleCounter, type ServiceCall } from '../../src/alert/service-sample.js';
import { startServiceRecorder } from '../../src/compose-alert-work.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';

const clock = manualClock(new Date('2026-06-01T10:05:30Z'));
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const call: ServiceCall = {
  ...{ kind: 'prediction', name: 'o\'churn, "x"', requests: 3, errors: 1, fallbacks: 1 },
  seconds: 0.02,
};
const counted = (...calls: ServiceCall[]) => {
  const counter = sampleCounter();
  for (const each of calls) counter.add(each, clock.wall());
  return counter.take();
};
const rows = () =>
  database.db.query<{ process: string; requests: number; seconds: number; buckets: number[] }>(
    'select process, name, requests, errors, fallbacks, seconds, buckets from service_sample order by process, name',
  );

it('minutes of a process are added up, those of two are kept apart', async () => {
  const store = serviceSampleStore(database.db);
  await store.write('a', []);
  await store.write('a', counted(call, { ...call, name: 'vip', seconds: 100 }));
  await store.write('a', counted(call));
  await store.write('b', counted(call));
  const [own, vip, other] = await rows();
  expect(own).toMatchObject({
    process: 'a',
    name: call.name,
    requests: 6,
    errors: 2,
    fallbacks: 2,
  });
  expect(own?.seconds).toBeCloseTo(0.12, 12);
  const buckets = BUCKET_SECONDS.map((bound) => (bound === 0.025 ? 6 : 0));
  expect(own?.buckets).toEqual([...buckets, 0]);
  expect(vip?.buckets.at(-1)).toBe(3);
  expect(other).toMatchObject({ process: 'b', requests: 3 });
});

it('minutes older than 8 days are forgotten', async () => {
  const store = serviceSampleStore(database.db);
  expect(await store.forget(new Date(clock.wall().getTime() + 7 * DAY_MS))).toBe(0);
  expect(await store.forget(new Date(clock.wall().getTime() + 9 * DAY_MS))).toBe(3);
});

it('a process writes the rest of what it counted when it is closed', async () => {
  const recorder = startServiceRecorder({ db: database.db, clock, log: keptLog() });
  recorder.record(call);
  await recorder.close();
  expect(await rows()).toMatchObject([{ requests: 3 }]);
});
