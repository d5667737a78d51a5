import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { PointMatrix } from '../../../src/numeric/clustering.js';
import { fitKMeans, STARTING_ROWS } from '../../../src/numeric/kmeans.js';
import { workerFile } from '../../../src/plant/paths.js';
import {
  fitKMeansByThreads,
  fitKMeansParallel,
  sharePoints,
} from '../../../src/segment/choose/kmeans-threads.js';
import { syntheticBlobs } from '../../support/blobs.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kmeans-threads-'));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

const large = syntheticBlobs(4 * STARTING_ROWS + 1);

function firstRows({ columns, values }: PointMatrix, rows: number): PointMatrix {
  return { rows, columns, values: values.slice(0, rows * columns) };
}

const middle = firstRows(large, 60_000);

describe('k-means by several threads', () => {
  test('1, 2 and 3 threads give the same fit, bit for bit', async () => {
    const starts = middle.values.slice(0, 40);
    for (const options of [
      { seed: 5, restarts: 2 },
      { seed: 1, restarts: 1, starts, tolerance: 0, maxIterations: 60 },
    ]) {
      const alone = fitKMeans(middle, 5, options);
      for (const threads of [1, 2, 3]) {
        expect(await fitKMeansByThreads(middle, 5, { ...options, threads })).toEqual(alone);
      }
    }
  });

  test('so do they where the starts compete on a sample, and where the points are shared already', async () => {
    const options = { seed: 2, restarts: 2 };
    const alone = fitKMeans(large, 4, options);
    expect(large.values.length).toBeGreaterThan(2_000_000);
    expect(await fitKMeansParallel(large, 4, { ...options, threads: 2 })).toEqual(alone);
    const shared = sharePoints(large);
    expect(sharePoints(shared)).toBe(shared);
    expect(await fitKMeansParallel(shared, 4, { ...options, threads: 2 })).toEqual(alone);
  });

  test('a small table needs no threads', async () => {
    const few = firstRows(large, 500);
    const options = { seed: 1, restarts: 3 };
    expect(await fitKMeansParallel(few, 5, options)).toEqual(fitKMeans(few, 5, options));
  });

  test('bad input is refused as by one thread', async () => {
    const { values } = firstRows(large, 1000);
    values[8 * 900 + 3] = NaN;
    const bad = { rows: 1000, columns: 8, values };
    await expect(fitKMeansByThreads(bad, 5, { seed: 1, restarts: 1, threads: 2 })).rejects.toThrow(
      new RangeError('values must be finite and within 1e150, got NaN in row 900, column 3'),
    );
    await expect(fitKMeansParallel(large, 5, { seed: 1, restarts: 1, threads: 0 })).rejects.toThrow(
      new RangeError('threads must be an integer of at least 1, got 0'),
    );
  });

  test('abort ends the threads and rejects with the reason', async () => {
    const controller = new AbortController();
    const fit = fitKMeansByThreads(middle, 50, {
      ...{ seed: 1, restarts: 100_000, threads: 2 },
      signal: controller.signal,
    });
    setImmediate(() => {
      controller.abort(new Error('no longer wanted'));
    });
    await expect(fit).rejects.toThrow('no longer wanted');
    await expect(
      fitKMeansParallel(large, 5, { seed: 1, restarts: 1, signal: controller.signal }),
    ).rejects.toThrow('no longer wanted');
  });

  test.each([
    ['ends without a word', 'process.exit(3);', 'a k-means thread ended with code 3'],
    ['throws', `throw new Error('out of luck');`, 'out of luck'],
  ])('a thread that %s is an error, not a hang', async (_how, death, message) => {
    const real = workerFile(
      new URL('../../../src/segment/choose/kmeans-threads.ts', import.meta.url).href,
      './kmeans-threads.worker.js',
    );
    const file = path.join(folder, 'dying-helper.mjs');
    fs.writeFileSync(
      file,
      `import { workerData } from 'node:worker_threads';
       if (!workerData.isLeader) { ${death} }
       await import(${JSON.stringify(pathToFileURL(real).href)});`,
    );
    const options = { seed: 1, restarts: 100_000, threads: 2 };
    await expect(fitKMeansByThreads(middle, 20, options, file)).rejects.toThrow(message);
  });
});
