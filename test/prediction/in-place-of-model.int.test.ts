import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tableOf } from '../../src/prediction/input-rows.js';
import { scoreRows } from '../../src/prediction/score-rows.js';
import { askFor, openServingLab, scoredOf, type ServingLab } from '../support/serving-lab.js';
let lab: ServingLab;

beforeAll(async () => {
  lab = await openServingLab(150);
});
afterAll(() => lab.close());
afterEach(async () => {
  await lab.database.db.query('truncate prediction');
});

describe('while no worker comes up', () => {
  /** A scorer that answers nothing, as one whose workers are gone. */
  const silent = {
    score: () => lab.scorer.score('0'.repeat(64), tableOf(lab.production().inputs, [])),
    explain: () => lab.scorer.explain('0'.repeat(64), tableOf(lab.production().inputs, [])),
  };

  it('an imagined answer is by rules, never a stored one, and not in the ledger', async () => {
    const { deps } = lab.setting();
    const user = lab.scorable[0] ?? 0;
    await askFor(lab, deps, user);
    const { answer } = await askFor(lab, { ...deps, scorer: silent }, user, { purchases: 9 });
    expect(answer).toMatchObject({ source: 'RULES', ledgerId: null });
    const [{ n } = { n: 0 }] = await lab.database.db.query<{ n: number }>(
      'select count(*)::int as n from prediction',
    );
    expect(n).toBe(1);
  });

  it('a stored score keeps its own version, instant and id, and has no reasons meanwhile', async () => {
    const { deps } = lab.setting();
    const first = scoredOf((await askFor(lab, deps, lab.scorable[1] ?? 0)).answer);
    const { answer, explanation } = await askFor(
      lab,
      { ...deps, scorer: silent },
      lab.scorable[1] ?? 0,
    );
    expect(answer).toEqual({ ...first, source: 'CACHE', optedOut: false });
    expect(explanation).toBeNull();
  });

  it('the way of the score card adds up to the logit of its probability', async () => {
    const { deps } = lab.setting({ scorer: silent });
    const { answer, explanation } = await askFor(lab, deps, lab.scorable[2] ?? 0);
    const { probability = NaN } = scoredOf(answer) ?? {};
    const sum =
      explanation?.values.reduce((total, value) => total + value, explanation.baseValue) ?? NaN;
    expect(sum).toBeCloseTo(Math.log(probability / (1 - probability)), 10);
    expect(explanation?.inputs).toEqual(['purchase_count_30d', 'days_since_last_purchase']);
    expect(explanation?.texts?.[0]).toMatch(/^purchase count 30d .* the risk by the score card$/);
  });

  it('rows that belong to nobody are answered by rules', async () => {
    const { deps } = lab.setting({ scorer: silent });
    const run = { asOf: lab.clock.now(), signal: new AbortController().signal };
    const [row] = await scoreRows(deps, lab.production(), [[]], run);
    expect(row).toMatchObject({ source: 'RULES' });
    expect(row?.probability).toBeCloseTo(1 / (1 + Math.exp(-(-0.3 + 0.1 + 0.2))), 12);
  });

  it('who has objected since is neither scored nor told a stored score', async () => {
    const { deps } = lab.setting();
    const user = lab.scorable[3] ?? 0;
    await askFor(lab, deps, user);
    await lab.database.db.query('update customer set consent_profiling = false where id = $1', [
      user,
    ]);
    const { answer } = await askFor(lab, { ...deps, scorer: silent }, user);
    expect(answer).toMatchObject({ eligibility: 'OPTED_OUT' });
    await lab.database.db.query('update customer set consent_profiling = true where id = $1', [
      user,
    ]);
  });

  it('a failure of Postgres is an error, not the model’s', async () => {
    const { deps, changes } = lab.setting({
      readFeatures: () => Promise.reject(new Error('no connection')),
    });
    await expect(askFor(lab, deps, lab.scorable[0] ?? 0)).rejects.toThrow('no connection');
    expect(changes).toEqual([]);
  });

  it('the probe says that the model is not healthy, the shares say who answered', async () => {
    const { deps } = lab.setting();
    for (const user of lab.scorable.slice(4, 8)) await askFor(lab, deps, user);
    const down = { ...deps, scorer: silent };
    for (const user of lab.scorable.slice(4, 10)) await askFor(lab, down, user);
    const sick = await lab.health(deps, { probed: silent });
    expect(sick).toMatchObject({ healthy: false, errors: 0, predictions: 6 });
    expect(sick.fallbackRate).toBe(6 / 10);
    expect(sick.cacheHitRate).toBe(4 / 10);
    const [recount] = await lab.database.db.query<{
      p50: number;
      p95: number;
      p99: number;
      positive: number;
    }>(
      `select percentile_cont(0.5) within group (order by latency_ms) as p50,
         percentile_cont(0.95) within group (order by latency_ms) as p95,
         percentile_cont(0.99) within group (order by latency_ms) as p99,
         avg((probability >= threshold)::int)::float8 as positive from prediction`,
    );
    const { positive, ...latencies } = recount ?? { positive: NaN };
    expect(sick.latencyMs).toMatchObject(latencies);
    expect(sick.positiveRate).toBe(positive);
    // the newest row of the ledger is one that rules answered: the model need not say the same
    const well = await lab.health(deps);
    expect(well.healthy).toBe(true);
  });
});
