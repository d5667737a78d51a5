import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { fitBoostingParallel, fitByThreads } from '../../../src/model/train/boosting-threads.js';
import {
  defaultBoostingParameters,
  fitBoosting,
  type BoostingParameters,
} from '../../../src/numeric/boosting.js';
import { randomStream } from '../../../src/numeric/random.js';
import type { DesignMatrix } from '../../../src/numeric/table.js';
import { workerFile } from '../../../src/plant/paths.js';
import { syntheticClassification } from '../../support/synthetic.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'boosting-threads-'));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

/** A table with missing values, repeated values, a constant and an all-missing column, and weights. */
function randomTable(
  rows: number,
  seed: number,
): { x: DesignMatrix; labels: Uint8Array; weights: Float64Array } {
  const random = randomStream(seed);
  const columns = 7;
  const values = new Float32Array(rows * columns);
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const [a, b, c, d, e] = [random(), random(), random(), random(), random()];
    values.set(
      [a, Math.floor(b * 5), c < 0.2 ? NaN : c * c, d, 3, NaN, e < 0.5 ? NaN : Math.round(d * 40)],
      row * columns,
    );
    labels[row] = random() < 1 / (1 + Math.exp(2 - 3 * a - (c < 0.2 ? 2 : b))) ? 1 : 0;
  }
  labels.set([0, 1]);
  const weights = Float64Array.from({ length: rows }, (_, row) => (row % 5) / 3);
  weights.fill(1, 0, 2);
  return { x: { rows, columns, values }, labels, weights };
}

const many = syntheticClassification(60_000);

function withDefaults(change: Partial<BoostingParameters>): BoostingParameters {
  return { ...defaultBoostingParameters, ...change };
}

describe('boosting by several threads', () => {
  test('1, 2 and 3 threads give the same fit, bit for bit, on random tables', async () => {
    const tables = fc.record({
      rows: fc.integer({ min: 20, max: 40_000 }),
      seed: fc.nat(),
      rowShare: fc.constantFrom(0.6, 1),
      columnShare: fc.constantFrom(0.5, 1),
      maxDepth: fc.integer({ min: 1, max: 7 }),
      maxLeaves: fc.constantFrom(7, 128),
      minRowsInLeaf: fc.constantFrom(1, 20),
      weighted: fc.boolean(),
      monotone: fc.constantFrom(undefined, [1, 0, -1, 0, 0, 0, 1]),
    });
    await fc.assert(
      fc.asyncProperty(tables, async ({ rows, seed, weighted, monotone, ...shape }) => {
        const { x, labels, weights } = randomTable(rows, seed);
        const parameters = withDefaults({
          rounds: 4,
          seed,
          ...shape,
          ...(monotone && { monotone }),
        });
        const options = weighted ? { weights } : {};
        const alone = fitBoosting(x, labels, parameters, options);
        for (const threads of [1, 2, 3]) {
          const together = await fitByThreads(x, labels, parameters, { ...options, threads });
          expect(together).toEqual(alone);
        }
      }),
      { numRuns: 8, seed: 3 },
    );
  });

  test('on rows enough for every step to be shared, early stopping included', async () => {
    const parameters = withDefaults({ rounds: 6, earlyStoppingRounds: 3, rowShare: 0.8 });
    const { x, labels } = many.train;
    const validation = many.test;
    const alone = fitBoosting(x, labels, parameters, { validation });
    for (const threads of [2, 3]) {
      const rounds: number[] = [];
      const together = await fitByThreads(x, labels, parameters, {
        threads,
        validation,
        onRound: (round, loss) => {
          expect(loss).toBe(alone.validationLogLoss[round - 1]);
          rounds.push(round);
        },
      });
      expect(together).toEqual(alone);
      expect(rounds).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  test('a small table is trained without threads, and a large one the same as without', async () => {
    const small = randomTable(100, 1);
    const parameters = withDefaults({ rounds: 3 });
    const expected = fitBoosting(small.x, small.labels, parameters);
    expect(await fitBoostingParallel(small.x, small.labels, parameters)).toEqual(expected);
    const { x, labels } = syntheticClassification(70_000).train;
    expect(x.rows * x.columns).toBeGreaterThan(1_000_000);
    const large = await fitBoostingParallel(x, labels, parameters, { threads: 2 });
    expect(large).toEqual(fitBoosting(x, labels, parameters));
  });

  test('bad input is refused as by one thread', async () => {
    const { x, labels } = randomTable(1000, 1);
    const values = x.values.slice();
    values[7 * 900 + 3] = -Infinity;
    const infinite = { ...x, values };
    await expect(fitByThreads(infinite, labels, withDefaults({}), { threads: 2 })).rejects.toThrow(
      new RangeError('values must be finite or NaN, got -Infinity in column 3, row 900'),
    );
    await expect(fitBoostingParallel(x, labels, withDefaults({}), { threads: 0 })).rejects.toThrow(
      new RangeError('threads must be an integer of at least 1, got 0'),
    );
  });

  test('abort ends the threads and rejects with the reason', async () => {
    const controller = new AbortController();
    const { x, labels } = many.train;
    const training = fitByThreads(x, labels, withDefaults({ rounds: 100_000 }), {
      threads: 2,
      signal: controller.signal,
      onRound: (round) => {
        if (round === 2) controller.abort(new Error('no longer wanted'));
      },
    });
    await expect(training).rejects.toThrow('no longer wanted');
  });

  test.each([
    ['ends without a word', 'process.exit(3);', 'a training thread ended with code 3'],
    ['leaves quietly', 'process.exit(0);', 'a training thread ended with code 0'],
    ['throws', `throw new Error('out of luck');`, 'out of luck'],
  ])('a thread that %s is an error, not a hang', async (_how, death, message) => {
    const real = workerFile(
      new URL('../../../src/model/train/boosting-threads.ts', import.meta.url).href,
      './boosting-threads.worker.js',
    );
    const file = path.join(folder, 'dying-helper.mjs');
    fs.writeFileSync(
      file,
      `import { workerData } from 'node:worker_threads';
       if (!workerData.isLeader) { ${death} }
       await import(${JSON.stringify(pathToFileURL(real).href)});`,
    );
    const { x, labels } = many.train;
    const training = fitByThreads(
      x,
      labels,
      withDefaults({ rounds: 100_000 }),
      { threads: 2 },
      file,
    );
    await expect(training).rejects.toThrow(message);
  });
});
