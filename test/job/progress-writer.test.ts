import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { progressWriter } from '../../src/job/progress-writer.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('writes the first report at once and then at most one in 100 ms, always the newest', async () => {
  const written: [number, string][] = [];
  const writer = progressWriter((progress, stage) => {
    written.push([progress, stage]);
    return Promise.resolve();
  }, 100);
  for (let i = 1; i <= 50; i++) {
    writer.report(i / 100, `step ${i}`);
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(written.length).toBeGreaterThanOrEqual(5);
  expect(written.length).toBeLessThanOrEqual(6);
  await vi.advanceTimersByTimeAsync(200);
  expect(written.at(-1)).toEqual([0.5, 'step 50']);
  await writer.close();
});

it('never goes back and stays within 0..1', async () => {
  const written: number[] = [];
  const writer = progressWriter((progress) => {
    written.push(progress);
    return Promise.resolve();
  }, 10);
  for (const value of [-1, 0.5, 0.2, 7]) {
    writer.report(value, 's');
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(written).toEqual([0, 0.5, 0.5, 1]);
  await writer.close();
});

it('writes nothing after it was closed', async () => {
  const write = vi.fn(() => Promise.resolve());
  const writer = progressWriter(write, 10);
  writer.report(0.1, 'a');
  writer.report(0.2, 'b');
  await writer.close();
  writer.report(0.3, 'c');
  await vi.advanceTimersByTimeAsync(100);
  expect(write).toHaveBeenCalledTimes(1);
});
