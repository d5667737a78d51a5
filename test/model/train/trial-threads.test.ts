import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { searchInput } from '../../../src/model/train/fold-data.js';
import { trainInWorker } from '../../../src/model/train/train-in-worker.js';
import { packSearch, unpackOutcomes } from '../../../src/model/train/trial-bytes.js';
import { openTrialThread, trialsInThreads } from '../../../src/model/train/trial-threads.js';
import { defaultTrainingOptions } from '../../../src/model/train/training.js';
import type { TrialHost, TrialTask } from '../../../src/model/train/trial.js';
import { madeTable } from '../../support/made-tables.js';

const options = { ...defaultTrainingOptions, trials: 6, folds: 3 };
const ladder: TrialTask = {
  candidates: [
    { algorithm: 'logistic', c: 0.1 },
    { algorithm: 'logistic', c: 1 },
  ],
  from: 0,
  until: 3,
};
const search = packSearch(searchInput({ ...madeTable(400), options }));
const silent = { onProgress: () => undefined };

describe('trials in threads', () => {
  test('a training has the same file whoever does its trials: its own thread, or 1 or 3 others', async () => {
    const input = { ...madeTable(600), options: { ...options, trials: 4 } };
    const hash = async (trials?: TrialHost): Promise<string> => {
      const { onnx } = await trainInWorker(input, { ...silent, ...(trials ? { trials } : {}) });
      return createHash('sha256').update(onnx).digest('hex');
    };
    const alone = await hash();
    expect(await hash(trialsInThreads(1))).toBe(alone);
    expect(await hash(trialsInThreads(3))).toBe(alone);
  });

  test('outcomes come in the order asked, each told as it is done', async () => {
    const host = trialsInThreads(2);
    await host.open(search);
    const tasks = [ladder, { ...ladder, until: 1 }, { ...ladder, from: 1, until: 3 }];
    const told: number[] = [];
    const outcomes = (await host.run(tasks, (done) => told.push(done))).map(unpackOutcomes);
    await host.close();
    expect(told).toEqual([1, 2, 3]);
    expect(outcomes.map((of) => of.map(({ scores }) => scores.length))).toEqual([
      [3, 3],
      [1, 1],
      [2, 2],
    ]);
    expect(outcomes[2]?.[1]?.scores).toEqual(outcomes[0]?.[1]?.scores.slice(1));
  });

  test('a trial that throws fails the training with its number and its words', async () => {
    const host = trialsInThreads(1);
    const broken: TrialHost = {
      ...host,
      run: (tasks, onDone) =>
        host.run([...tasks.slice(0, -1), { ...ladder, from: 7, until: 8 }], onDone),
    };
    const attempt = trainInWorker(
      { ...madeTable(400), options: { ...options, algorithms: ['logistic'] } },
      { ...silent, trials: broken },
    );
    await expect(attempt).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/^trial \d+ failed: fold must be 0\.\.2, got 7$/) as string,
    });
  });

  test('an abort in the middle of the trials ends all threads with the reason given', async () => {
    const controller = new AbortController();
    const reason = new Error('the job was cancelled');
    let closed = false;
    const host = trialsInThreads(2);
    const trials: TrialHost = {
      ...host,
      run: (tasks, onDone) => {
        const done = host.run(tasks, onDone);
        setTimeout(() => {
          controller.abort(reason);
        }, 100);
        return done;
      },
      close: async () => {
        await host.close();
        closed = true;
      },
    };
    const attempt = trainInWorker(
      { ...madeTable(60_000), options: { ...options, trials: 100 } },
      { ...silent, trials, signal: controller.signal },
    );
    await expect(attempt).rejects.toBe(reason);
    expect(closed).toBe(true);
  });

  test('a thread that was ended answers what it was doing, and does nothing more', async () => {
    const thread = openTrialThread(search);
    const running = thread.run(ladder);
    const refused = expect(running).rejects.toThrow('the thread of a trial was ended');
    await thread.close();
    await refused;
    expect(thread.ended).toBe(true);
    await expect(thread.run(ladder)).rejects.toThrow('the thread of a trial was ended');
  });

  test.each([0, -1, 1.5])('%d threads are refused', (count) => {
    expect(() => trialsInThreads(count)).toThrow(
      `threads of trials must be 1 or more, got ${String(count)}`,
    );
  });
});
