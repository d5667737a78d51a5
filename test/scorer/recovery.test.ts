import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { projectRoot, workerFile } from '../../src/plant/paths.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { randomBoosting, randomEncoding, randomTable } from '../support/random-forest.js';
import { listLog, scorerModel } from '../support/scorer.js';

const random = seededRandom(12);
const forest = randomBoosting(random, randomEncoding(20, []), { trees: 200, depth: 6 });
const model = scorerModel(forest);
const ours = workerFile(import.meta.resolve('../../src/scorer/scorer.ts'), './scorer.worker.js');

let scorer: Scorer | undefined;
let threads: Worker[] = [];
/** What the next worker threads run; the real worker unless a test says otherwise. */
let source: 'ours' | 'dies' = 'ours';

/** The real worker, in which a run of exactly 4,095 rows throws where nobody catches it. */
const FRAGILE = `
  import(${JSON.stringify(pathToFileURL(ours).href)}).then(() => {
    require('node:worker_threads').parentPort.on('message', ({ call }) => {
      if (call.rows?.rows === 4095) throw new Error('out of memory');
    });
  });
`;

async function open(workers: number): Promise<Scorer> {
  scorer = await openScorer(
    { provider: 'cpu', workers, maxQueuedRows: 500_000, log: listLog() },
    (workerData) => {
      const thread =
        source === 'ours'
          ? new Worker(FRAGILE, { eval: true, workerData, execArgv: [] })
          : new Worker('process.exit(7)', { eval: true });
      threads.push(thread);
      return thread;
    },
  );
  return scorer;
}

afterEach(async () => {
  await scorer?.close();
  scorer = undefined;
  threads = [];
  source = 'ours';
});

const built = (file: string): string => pathToFileURL(path.join(projectRoot, 'dist', file)).href;

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('a worker that dies', () => {
  it('over a run: that call fails, waiting calls are served by its successor', async () => {
    const one = await open(1);
    await one.load(model);
    const running = one.score(model.sha256, randomTable(random, forest, 4095));
    const failed = expect(running).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: 'the scorer worker died: out of memory',
    });
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = one.score(model.sha256, randomTable(random, forest, 10));
    await failed;
    expect(one.stats().workers).toBe(0);
    expect(one.isLoaded(model.sha256)).toBe(true);
    expect((await waiting).margin).toHaveLength(10);
    expect(threads).toHaveLength(2);
    expect(one.stats()).toMatchObject({ workers: 1, queuedRows: 0 });
  });

  it('beside another: the other goes on with what it is at and with what comes', async () => {
    const two = await open(2);
    await two.load(model);
    const big = two.score(model.sha256, randomTable(random, forest, 40_000));
    await new Promise((resolve) => setImmediate(resolve));
    const fatal = two.score(model.sha256, randomTable(random, forest, 4095));
    await expect(fatal).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(two.stats().workers).toBe(1);
    expect((await two.score(model.sha256, randomTable(random, forest, 1))).margin).toHaveLength(1);
    expect((await big).margin).toHaveLength(40_000);
    await until(() => two.stats().workers === 2);
    expect(two.stats().queuedRows).toBe(0);
  });

  it('again and again: comes back each time with all its models', async () => {
    const one = await open(1);
    const second = scorerModel(
      randomBoosting(random, randomEncoding(2, [3]), { trees: 3, depth: 2 }),
    );
    await Promise.all([one.load(model), one.load(second)]);
    for (let round = 1; round <= 3; round++) {
      await threads.at(-1)?.terminate();
      const scores = await one.score(model.sha256, randomTable(random, forest, 5));
      expect(scores.margin).toHaveLength(5);
      expect(threads).toHaveLength(round + 1);
    }
    await expect(
      one.explain(second.sha256, { ...randomTable(random, forest, 1), rows: 1 }),
    ).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('and whose successors die too: callers are told at once, until one lives', async () => {
    const one = await open(1);
    await one.load(model);
    source = 'dies';
    await threads[0]?.terminate();
    await expect(one.score(model.sha256, randomTable(random, forest, 5))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'no scorer worker is running',
    });
    await expect(one.score(model.sha256, randomTable(random, forest, 5))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    source = 'ours';
    await until(() => one.stats().workers === 1);
    const scores = await one.score(model.sha256, randomTable(random, forest, 5));
    expect(scores.margin).toHaveLength(5);
  });

  it('with the process, in the middle of a run: the exit code is the one asked for', () => {
    const program = `
      import { openScorer } from ${JSON.stringify(built('src/scorer/scorer.js'))};
      import { seededRandom } from ${JSON.stringify(built('src/kernel/random.js'))};
      import * as make from ${JSON.stringify(built('test/support/random-forest.js'))};
      import { listLog, scorerModel } from ${JSON.stringify(built('test/support/scorer.js'))};
      const random = seededRandom(1);
      const forest = make.randomBoosting(random, make.randomEncoding(20, []), { trees: 200, depth: 6 });
      const scorer = await openScorer({ provider: 'cpu', workers: 2, maxQueuedRows: 200000, log: listLog() });
      const model = scorerModel(forest);
      await scorer.load(model);
      scorer.score(model.sha256, make.randomTable(random, forest, 200000));
      setTimeout(() => process.exit(scorer.stats().queuedRows > 0 ? 3 : 4), 100);
    `;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 3, stderr: '' });
  });

  it('on its first start: the scorer does not open', async () => {
    source = 'dies';
    await expect(open(2)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'exit code 7' });
    expect(threads).toHaveLength(2);
  });
});
