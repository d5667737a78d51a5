import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/experiment/experiment.js';
import { modelLabelStore } from '../../../src/experiment/results/model-labels.store.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { seededRandom } from '../../../src/kernel/random.js';
import { numberArray } from '../../../src/plant/parameters.js';
import { openResultsLab, type ResultsLab } from './results-lab.js';

const start = new Date('2026-01-10');
const now = new Date('2026-01-30');
const day = (n: number): Date => new Date(start.getTime() + n * DAY_MS);
const modelId = '01900000-0000-7000-8000-00000000000a';
const [old, young] = [
  '01900000-0000-7000-8000-0000000000a1',
  '01900000-0000-7000-8000-0000000000a2',
] as const;
const MANY = 600;

let lab: ResultsLab;
let experiment: Experiment;

const arms = [
  { key: 'control', control: true, modelVersionId: old },
  { key: 'treatment', control: false, modelVersionId: young },
].map((arm) => ({ ...arm, weight: 1, payload: {} }));

beforeAll(async () => {
  lab = await openResultsLab(MANY, now);
  experiment = await lab.make({
    ...{ key: 'small', modelId, variants: arms, primaryMetric: 'model:accuracy' },
    ...{ startsAt: start, endsAt: day(14), minimumUsers: 100 },
  });
  await lab.assign(
    experiment,
    [1, 2, 3, 4, 5, 6, 7, 8].map((user) => ({
      ...{ user, variant: user <= 4 ? 'control' : 'treatment', at: day(1) },
    })),
  );
});
afterAll(() => lab.close());

async function labelsOf(horizonMs: number | null = null, asOf = now) {
  const labels = await modelLabelStore(lab.db).labels({
    ...{ experimentId: experiment.id, modelId, variants: arms, until: day(14), asOf, horizonMs },
  });
  return new Map(
    [...labels].map(([key, { labels: truth, probabilities }]) => [
      key,
      [...truth].map((positive, at) => [positive, probabilities[at]]).sort((a, b) => a[1]! - b[1]!),
    ]),
  );
}

describe('predictions with outcomes of an arm', () => {
  it('are none of arms without predictions', async () => {
    expect(await labelsOf()).toEqual(
      new Map([
        ['control', []],
        ['treatment', []],
      ]),
    );
    const results = await lab.looks.read(experiment, now);
    expect(results.variants[0]).toMatchObject({ users: 4, outcomes: 0, mean: null, low: null });
    expect(results.comparisons).toEqual([]);
    expect(JSON.stringify(results)).not.toMatch(/NaN|Infinity/);
  });

  it('one a customer: the first outcome after the exposure, with the prediction it names, else the newest before it', async () => {
    const own = { modelId, versionId: old };
    const [before, first, second, whatIf, , late, afterEnd] = await lab.predict([
      // as of before the exposure: not the arm's doing
      { user: 1, ...own, probability: 0.01, at: day(0) },
      { user: 1, ...own, probability: 0.11, at: day(2) },
      { user: 1, ...own, probability: 0.12, at: day(3) },
      { user: 1, ...own, probability: 0.99, at: day(4), source: 'WHAT_IF' },
      // by the version of the other arm
      { user: 2, modelId, versionId: young, probability: 0.98, at: day(2) },
      { user: 3, ...own, probability: 0.3, at: day(2) },
      // given when the experiment was over
      { user: 4, ...own, probability: 0.97, at: day(15) },
    ]);
    await lab.label([
      { user: 1, modelId, at: day(0.5), positive: true },
      { user: 1, modelId, at: day(5), positive: false },
      { user: 1, modelId, at: day(6), positive: true },
      { user: 2, modelId, at: day(5), positive: true },
      // came two weeks later, after the end of the experiment
      { user: 3, modelId, at: day(18), positive: true },
      { user: 4, modelId, at: day(16), positive: true },
    ]);
    expect(await labelsOf()).toEqual(
      new Map([
        [
          'control',
          [
            [0, 0.12],
            [1, 0.3],
          ],
        ],
        ['treatment', []],
      ]),
    );
    expect([before, whatIf, late, afterEnd].every(Number.isInteger)).toBe(true);
    // the outcome names the older one
    await lab.db.query(`update outcome set prediction_id = $1 where user_id = 1 and at = $2`, [
      first,
      day(5),
    ]);
    expect((await labelsOf()).get('control')?.[0]).toEqual([0, 0.11]);
    // it names one of before the exposure: the newest before the outcome it is
    await lab.db.query(`update outcome set prediction_id = $1 where user_id = 1 and at = $2`, [
      before,
      day(5),
    ]);
    expect((await labelsOf()).get('control')?.[0]).toEqual([0, 0.12]);
    expect(second).toBeGreaterThan(first ?? 0);
    // an outcome 16 days after the prediction is none of one that looks 10 days ahead
    expect((await labelsOf(10 * DAY_MS)).get('control')).toEqual([[0, 0.12]]);
    // nor is one known that is to come
    expect((await labelsOf(null, day(17))).get('control')).toEqual([[0, 0.12]]);
  });

  it('are of the answer that was the exposure too, which is as of a moment before it, and not of rules', async () => {
    const own = { modelId, versionId: young };
    await lab.predict([
      { user: 5, ...own, probability: 0.5, at: new Date(day(1).getTime() - 250) },
      { user: 6, ...own, probability: 0.6, at: day(2) },
      // rules answered in the place of the version
      { user: 6, ...own, probability: 0.96, at: day(3), source: 'RULES' },
    ]);
    await lab.label([
      // before the exposure
      { user: 5, modelId, at: new Date(day(1).getTime() - 100), positive: false },
      { user: 5, modelId, at: day(4), positive: true },
      { user: 6, modelId, at: day(4), positive: true },
    ]);
    expect((await labelsOf()).get('treatment')).toEqual([
      [1, 0.5],
      [1, 0.6],
    ]);
  });

  it('make every metric of a model, with a winner where one version is better', async () => {
    const big = await lab.make({
      ...{ key: 'big', modelId, variants: arms, primaryMetric: 'model:auc' },
      guardrails: ['model:f1', 'model:precision', 'model:recall', 'model:accuracy'],
      ...{ startsAt: start, endsAt: day(14), minimumUsers: 100 },
    });
    await lab.db.query('delete from outcome');
    const random = seededRandom(3);
    const rows = Array.from({ length: MANY }, (_, at) => {
      const variant = at % 2 === 0 ? 'control' : 'treatment';
      const positive = random.next() < 0.4;
      // the version of the control knows nothing
      const signal = variant === 'control' ? 0 : positive ? 0.3 : -0.3;
      const probability = Math.min(1, Math.max(0, 0.5 + signal + 0.25 * random.normal()));
      return { user: at + 1, variant, positive, probability };
    });
    await lab.assign(
      big,
      rows.map(({ user, variant }) => ({ user, variant, at: day(1) })),
    );
    await lab.predict(
      rows.map(({ user, variant, probability }) => ({
        ...{ user, modelId, probability, at: day(2) },
        versionId: variant === 'control' ? old : young,
      })),
    );
    await lab.db.query(
      `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
       select $1, u, $2, 'test', u = any ($4::bigint[]), $2 from unnest($3::bigint[]) u`,
      [
        modelId,
        day(10),
        numberArray(rows.map(({ user }) => user)),
        numberArray(rows.filter(({ positive }) => positive).map(({ user }) => user)),
      ],
    );
    const results = await lab.looks.read(big, now);
    expect(results.variants.map(({ outcomes }) => outcomes)).toEqual([MANY / 2, MANY / 2]);
    expect(results.comparisons.map(({ metric, method }) => [metric, method])).toEqual([
      ['model:auc', 'AUC by DeLong'],
      ['model:f1', 'F1 by the delta method'],
      ['model:precision', 'two-proportion z'],
      ['model:recall', 'two-proportion z'],
      ['model:accuracy', 'two-proportion z'],
    ]);
    expect(results.comparisons.every(({ verdict }) => verdict === 'BETTER')).toBe(true);
    expect(results).toMatchObject({ decision: 'SHIP', winner: 'treatment' });
    for (const { metrics } of results.variants)
      for (const { value, low, high } of metrics) {
        expect(low).toBeLessThanOrEqual(value ?? NaN);
        expect(high).toBeGreaterThanOrEqual(value ?? NaN);
      }
    // by hand from the rows
    const called = rows.filter(({ variant }) => variant === 'treatment');
    const right = called.filter(({ positive, probability }) => positive === probability >= 0.5);
    const valueOf = (name: string): number | null | undefined =>
      results.variants[1]?.metrics.find(({ metric }) => metric === `model:${name}`)?.value;
    expect(valueOf('accuracy')).toBeCloseTo(right.length / called.length, 12);
    const hit = right.filter(({ positive }) => positive).length;
    const yes = called.filter(({ probability }) => probability >= 0.5).length;
    const truth = called.filter(({ positive }) => positive).length;
    expect(yes).not.toBe(truth);
    expect(valueOf('precision')).toBeCloseTo(hit / yes, 12);
    expect(valueOf('recall')).toBeCloseTo(hit / truth, 12);
    expect(valueOf('f1')).toBeCloseTo((2 * hit) / (yes + truth), 12);
  });

  it('disagree on as many customers as the newest question to both of each says', async () => {
    expect((await lab.looks.read(experiment, now)).disagreement).toBeNull();
    const shadow = async (
      id: number,
      user: number,
      other: number,
      answered: number,
      threshold = 0.5,
    ) => {
      await lab.db.query(
        `insert into shadow_score (prediction_id, model_version_id, model_id, user_id, probability, threshold, answered,
           answered_positive, scored_at, experiment_id)
         values ($1, $2, $3, $4, $5, $9, $6::float8, $6::float8 >= 0.5, $7, $8)`,
        [id, young, modelId, user, other, answered, day(3), experiment.id, threshold],
      );
    };
    await shadow(101, 1, 0.9, 0.1);
    await shadow(102, 1, 0.6, 0.7);
    await shadow(103, 2, 0.2, 0.6);
    // each at its own threshold: both say no
    await shadow(104, 3, 0.6, 0.3, 0.65);
    const { disagreement } = await lab.looks.read(experiment, now);
    expect(disagreement?.users).toBe(3);
    expect(disagreement?.share).toBeCloseTo(1 / 3, 12);
    expect(disagreement?.meanAbsoluteDifference).toBeCloseTo(0.8 / 3, 12);
  });
});
