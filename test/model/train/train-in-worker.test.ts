import { describe, expect, test } from 'vitest';
import { readClassifier } from '../../../src/onnx/read-classifier.js';
import { trainInWorker } from '../../../src/model/train/train-in-worker.js';
import {
  defaultTrainingOptions,
  type TrainingProgress,
} from '../../../src/model/train/training.js';
import { madeTable } from '../../support/made-tables.js';

const options = { ...defaultTrainingOptions, trials: 6, folds: 3 };

describe('training in a thread', () => {
  test('returns the result with its file, tells its progress, and leaves the event loop free', async () => {
    const told: { at: number; progress: TrainingProgress }[] = [];
    let longestPauseMs = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
      last = performance.now();
    }, 5);
    const input = { ...madeTable(6000), options };
    const result = await trainInWorker(input, {
      onProgress: (progress) => told.push({ at: performance.now(), progress }),
    });
    clearInterval(timer);
    expect(readClassifier(result.onnx)).toEqual(result.classifier);
    expect(result.worstDisagreement).toBe(0);
    expect(input.table.numeric).toHaveLength(12_000);
    expect(longestPauseMs).toBeLessThan(result.report.seconds * 500);
    const shares = told.map(({ progress }) => progress.share);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    // At most 10 a second, and the last one.
    expect(told.length).toBeLessThanOrEqual(result.report.seconds * 10 + 3);
  });

  test('input that cannot be trained on is refused with the same code and words', async () => {
    const attempt = trainInWorker(
      { ...madeTable(20), options },
      {
        onProgress: () => undefined,
      },
    );
    await expect(attempt).rejects.toMatchObject({
      code: 'INVALID',
      message: 'rows must be >= 50, got 20',
    });
  });

  test('an abort ends the thread at once with the reason given', async () => {
    const controller = new AbortController();
    const reason = new Error('the job was cancelled');
    const startedAt = performance.now();
    const attempt = trainInWorker(
      { ...madeTable(60_000), options: { ...options, trials: 100 } },
      {
        onProgress: () => {
          controller.abort(reason);
        },
        signal: controller.signal,
      },
    );
    await expect(attempt).rejects.toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test('an aborted signal starts nothing', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    const attempt = trainInWorker(
      { ...madeTable(100), options },
      {
        onProgress: () => undefined,
        signal,
      },
    );
    await expect(attempt).rejects.toThrow('too late');
  });
});
