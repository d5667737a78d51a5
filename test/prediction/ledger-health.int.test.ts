import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAY_MS } from '../../src/kernel/clock.js';
import { randomStream } from '../../src/numeric/random.js';
import { openDatabase } from '../../src/plant/database.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const MODEL = '01900000-0000-7000-8000-0000000000e1';
const OTHER = '01900000-0000-7000-8000-0000000000e2';
const JOB = '01900000-0000-7000-8000-0000000000f3';
const NOW = new Date('2026-11-01T06:00:00Z');
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

/** As percentile_cont: linear between the two nearest. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + ((sorted[Math.ceil(at)] ?? NaN) - low) * (at - Math.floor(at));
}

it('the figures of a window equal a recount of what was written, over the border of a month and after a restart', async () => {
  const users = await database.db.query<{ id: number }>(
    `insert into customer (external_id) select 'u' || n from generate_series(1, 50) n returning id`,
  );
  const random = randomStream(3);
  const rows = Array.from({ length: 1_500 }, (_, i) => ({
    userId: users[i % 50]?.id ?? 0,
    modelId: i % 5 === 0 ? OTHER : MODEL,
    modelVersionId: MODEL,
    probability: random(),
    threshold: 0.6,
    source: 'MODEL' as const,
    asOf: NOW,
    scoredAt: new Date(NOW.getTime() - (1 - i / 1_500) * 2 * DAY_MS),
    latencyMs: random() * 100,
    inputs: { numeric: new Float32Array(0), categorical: [] },
    jobId: i % 3 === 0 ? JOB : null,
  }));
  await predictionStore(database.db).write(rows);

  const since = new Date(NOW.getTime() - DAY_MS);
  const window = rows.filter((row) => row.modelId === MODEL && row.scoredAt >= since);
  const latencies = window
    .filter(({ jobId }) => jobId === null)
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  const restarted = openDatabase(database.url);
  try {
    const health = await predictionStore(restarted).health(MODEL, since);
    expect(health.predictions).toBe(window.length);
    expect(health.predictions).toBeGreaterThan(500);
    expect(health.positive).toBe(window.filter((row) => row.probability >= 0.6).length);
    const mean = latencies.reduce((sum, each) => sum + each, 0) / latencies.length;
    expect(health.mean).toBeCloseTo(mean, 9);
    expect(health.p50).toBeCloseTo(quantile(latencies, 0.5), 9);
    expect(health.p95).toBeCloseTo(quantile(latencies, 0.95), 9);
    expect(health.p99).toBeCloseTo(quantile(latencies, 0.99), 9);
    const newest = await predictionStore(restarted).newestOf({ modelId: MODEL, id: MODEL });
    expect(newest?.probability).toBe(
      rows.findLast(({ modelId }) => modelId === MODEL)?.probability,
    );
  } finally {
    await restarted.close();
  }
});
