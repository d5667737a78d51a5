import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { worstDisagreement } from '../../src/onnx/parity.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { naiveMargins } from '../support/naive-predictor.js';
import {
  randomBoosting,
  randomEncoding,
  randomLogistic,
  randomTable,
} from '../support/random-forest.js';
import { listLog, scorerModel } from '../support/scorer.js';

const random = seededRandom(11);
const forest = randomBoosting(random, randomEncoding(20, []), { trees: 200, depth: 6 });
const mixed = randomBoosting(random, randomEncoding(4, [3, 0, 5]), { trees: 30, depth: 5 });
const linear = randomLogistic(random, randomEncoding(3, [4]));
const models = {
  forest: scorerModel(forest),
  mixed: scorerModel(mixed),
  linear: scorerModel(linear),
};

/** Rows [from, to) of a table. */
function slice(table: FeatureTable, from: number, to: number): FeatureTable {
  const { numericNames, categoricalNames } = table;
  return {
    ...table,
    rows: to - from,
    numeric: table.numeric.slice(from * numericNames.length, to * numericNames.length),
    categorical: table.categorical.slice(
      from * categoricalNames.length,
      to * categoricalNames.length,
    ),
  };
}

describe('a scorer with two workers', () => {
  let scorer: Scorer;
  const told: { rows: number; label: string }[] = [];
  beforeAll(async () => {
    scorer = await openScorer({
      provider: 'cpu',
      workers: 2,
      maxQueuedRows: 300_000,
      log: listLog(),
      onRun: ({ provider, outcome }, rows, seconds) => {
        told.push({ rows, label: `${provider} ${outcome} ${seconds > 0}` });
      },
    });
    await Promise.all(Object.values(models).map((model) => scorer.load(model)));
  });
  afterAll(() => scorer.close());

  it.each([
    ['a forest', forest, models.forest],
    ['a forest with categories', mixed, models.mixed],
    ['a linear model', linear, models.linear],
  ])('scores %s like its definition, in a batch and row by row', async (_, classifier, model) => {
    const table = randomTable(seededRandom(5), classifier, 300);
    const expected = naiveMargins(classifier, table);
    const batch = await scorer.score(model.sha256, table);
    expect(worstDisagreement(batch.margin, expected)).toBeLessThan(1e-5);
    const singles = await Promise.all(
      Array.from({ length: table.rows }, (_unused, i) =>
        scorer.score(model.sha256, slice(table, i, i + 1)),
      ),
    );
    expect(singles.map(({ margin }) => margin[0])).toEqual([...batch.margin]);
    expect([...batch.probability]).toEqual([...batch.margin].map((m) => 1 / (1 + Math.exp(-m))));
  });

  it.each([
    ['a forest with categories', mixed, models.mixed],
    ['a linear model', linear, models.linear],
  ])(
    'explains %s: base value and contributions add up to the logit',
    async (_, classifier, model) => {
      // 1,100 rows are three runs of explanations.
      const table = randomTable(seededRandom(6), classifier, 1100);
      const [scores, explained] = await Promise.all([
        scorer.score(model.sha256, table),
        scorer.explain(model.sha256, table),
      ]);
      const width = explained?.inputs.length ?? 0;
      expect(explained?.inputs).toEqual([...table.numericNames, ...table.categoricalNames]);
      for (let row = 0; row < table.rows; row++) {
        const own = explained?.values.subarray(row * width, (row + 1) * width) ?? [];
        const sum = [...own].reduce((a, b) => a + b, explained?.baseValue ?? NaN);
        const p = scores.probability[row]!;
        expect(Math.abs(sum - Math.log(p / (1 - p)))).toBeLessThan(1e-4);
      }
    },
  );

  it('answers no rows with no scores, and still knows the base value', async () => {
    const none = randomTable(random, mixed, 0);
    expect((await scorer.score(models.mixed.sha256, none)).probability).toHaveLength(0);
    const one = await scorer.explain(models.mixed.sha256, randomTable(random, mixed, 1));
    const explained = await scorer.explain(models.mixed.sha256, none);
    expect(explained?.values).toHaveLength(0);
    expect(explained?.baseValue).toBe(one?.baseValue);
  });

  it('makes one run of a thousand calls of the same moment', async () => {
    const before = scorer.stats();
    const table = randomTable(random, forest, 1000);
    const calls = Array.from({ length: 1000 }, (_, i) =>
      scorer.score(models.forest.sha256, slice(table, i, i + 1)),
    );
    expect(scorer.stats().queuedRows).toBe(1000);
    await Promise.all(calls);
    const after = scorer.stats();
    expect(after.runs - before.runs).toBe(1);
    expect(after.rows - before.rows).toBe(1000);
    expect(after.queuedRows).toBe(0);
  });

  it.each([
    [1, 1],
    [1000, 1],
    [4096, 1],
    [4097, 2],
    [10_000, 3],
  ])('counts %i rows in one call as %i runs', async (rows, runs) => {
    const counts = zeroCounts();
    const table = randomTable(random, linear, rows);
    await withCounts(counts, () => scorer.score(models.linear.sha256, table));
    expect(counts).toMatchObject({ onnxRuns: runs, onnxRows: rows });
  });

  it('tells of every run with its rows, for the metrics', async () => {
    told.length = 0;
    await scorer.score(models.linear.sha256, randomTable(seededRandom(7), linear, 30));
    expect(told).toEqual([{ rows: 30, label: 'cpu ok true' }]);
  });

  it("counts a shared run for each operation that took part, with that operation's rows", async () => {
    const [a, b] = [zeroCounts(), zeroCounts()];
    const before = scorer.stats().runs;
    await Promise.all([
      withCounts(a, () => scorer.score(models.linear.sha256, randomTable(random, linear, 3))),
      withCounts(b, () => scorer.score(models.linear.sha256, randomTable(random, linear, 5))),
    ]);
    expect(scorer.stats().runs - before).toBe(1);
    expect(a).toMatchObject({ onnxRuns: 1, onnxRows: 3 });
    expect(b).toMatchObject({ onnxRuns: 1, onnxRows: 5 });
  });

  it('leaves the event loop free while 200,000 rows are scored', async () => {
    const table = randomTable(random, forest, 200_000);
    let ticks = 0;
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const start = performance.now();
    const { margin } = await scorer.score(models.forest.sha256, table);
    const took = performance.now() - start;
    clearInterval(timer);
    // A run on this thread would leave a handful of ticks; a busy machine still gives one in 10 ms on average.
    expect(ticks).toBeGreaterThan(took / 10);
    console.log(
      `    ${ticks.toFixed(0)} ticks in ${took.toFixed(0)} ms, longest ${longest.toFixed(0)}`,
    );
    const sample = slice(table, 199_000, 200_000);
    const expected = naiveMargins(forest, sample);
    expect(worstDisagreement(margin.slice(199_000), expected)).toBeLessThan(1e-5);
  });

  it('lets a single row through while a big batch is under way', async () => {
    let bigIsDone = false;
    const big = scorer
      .score(models.forest.sha256, randomTable(random, forest, 100_000))
      .then(() => (bigIsDone = true));
    for (let i = 0; i < 3; i++) {
      await scorer.score(models.forest.sha256, randomTable(random, forest, 1));
      await scorer.score(models.linear.sha256, randomTable(random, linear, 1));
      expect(bigIsDone).toBe(false);
    }
    await big;
  });

  it('does not run rows whose deadline has passed, and says so at the deadline', async () => {
    const table = randomTable(random, forest, 50_000);
    const before = scorer.stats().rows;
    const big = scorer.score(models.forest.sha256, table);
    const others = scorer.score(models.forest.sha256, slice(table, 0, 45_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Big requests take turns, so most rows of this one are far from their turn at 30 ms.
    const late = scorer.score(models.forest.sha256, slice(table, 0, 40_000), { deadlineMs: 30 });
    await expect(late).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: 'no answer from the model within 30 ms',
    });
    await Promise.all([big, others]);
    expect(scorer.stats().rows - before).toBeLessThan(50_000 + 45_000 + 20_000);
    await expect(
      scorer.score(models.forest.sha256, slice(table, 0, 1), { deadlineMs: 0 }),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(scorer.stats().queuedRows).toBe(0);
  });

  it('gives up with the reason of the signal', async () => {
    const controller = new AbortController();
    const table = randomTable(random, forest, 100_000);
    const call = scorer.score(models.forest.sha256, table, { signal: controller.signal });
    const reason = new Error('the caller has hung up');
    setTimeout(() => {
      controller.abort(reason);
    }, 5);
    await expect(call).rejects.toBe(reason);
    await expect(
      scorer.score(models.forest.sha256, table, { signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(scorer.stats().queuedRows).toBe(0);
  });

  it('says which column is wrong', async () => {
    const table = randomTable(random, mixed, 1);
    const [first, second, ...rest] = table.numericNames;
    const numericNames = [second ?? '', first ?? '', ...rest];
    await expect(
      scorer.score(models.mixed.sha256, { ...table, numericNames }),
    ).rejects.toMatchObject({
      code: 'INVALID',
      message: 'numeric column 1 must be "n0", got "n1"',
    });
  });

  it('does not change or detach the table of the caller', async () => {
    const table = randomTable(seededRandom(9), mixed, 10);
    await scorer.score(models.mixed.sha256, table);
    expect(table).toEqual(randomTable(seededRandom(9), mixed, 10));
  });
});

describe('a small queue', () => {
  it('refuses what does not fit, with the figures, and takes it later', async () => {
    const log = listLog();
    const scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 1000, log });
    try {
      await scorer.load(models.forest);
      const table = randomTable(random, forest, 800);
      const first = scorer.score(models.forest.sha256, table);
      await expect(scorer.score(models.forest.sha256, slice(table, 0, 201))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: 'the scorer queue is full: 800 of 1000 rows',
      });
      const fits = scorer.score(models.forest.sha256, slice(table, 0, 200));
      await Promise.all([first, fits]);
      await scorer.score(models.forest.sha256, slice(table, 0, 201));
      expect(scorer.stats()).toMatchObject({ rejected: 1, queuedRows: 0 });
      await expect(
        scorer.score(models.forest.sha256, randomTable(random, forest, 1001)),
      ).rejects.toMatchObject({ code: 'TOO_LARGE', retryable: false });
    } finally {
      await scorer.close();
    }
  });

  it('is told apart from a closed scorer', async () => {
    const log = listLog();
    const scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 100_000, log });
    await scorer.load(models.forest);
    const call = scorer.score(models.forest.sha256, randomTable(random, forest, 50_000));
    const refused = expect(call).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the scorer is closed',
    });
    await scorer.close();
    await refused;
    await expect(
      scorer.score(models.forest.sha256, randomTable(random, forest, 1)),
    ).rejects.toMatchObject({ message: 'the scorer is closed' });
    expect(log.lines).toEqual([]);
  });

  it.each([
    [{ workers: 0 }, 'workers must be >= 1, got 0'],
    [{ maxQueuedRows: 0.5 }, 'maxQueuedRows must be >= 1, got 0.5'],
  ])('refuses %j', async (change, message) => {
    const options = { provider: 'cpu', workers: 1, maxQueuedRows: 1, log: listLog() } as const;
    await expect(openScorer({ ...options, ...change })).rejects.toThrow(message);
  });
});
