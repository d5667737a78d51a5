import { describe, expect, it } from 'vitest';
import { otherScores } from '../../src/prediction/other-scores.js';
import type { ShadowScore } from '../../src/prediction/shadow.js';
import { listLog } from '../support/scorer.js';

const rows = (count: number, from = 0): ShadowScore[] =>
  Array.from({ length: count }, (_, index) => ({ predictionId: from + index }) as ShadowScore);

describe('what the other arms say', () => {
  it('is written behind the answers, all of it, in batches', async () => {
    const written: number[] = [];
    const log = listLog();
    const scores = otherScores({
      write: (batch) => {
        written.push(...batch.map(({ predictionId }) => predictionId));
        return Promise.resolve();
      },
      log,
    });
    for (let at = 0; at < 5; at++) scores.offer(Promise.resolve(rows(700, at * 700)));
    expect(written).toEqual([]);
    await scores.idle();
    expect(written).toEqual(rows(3_500).map(({ predictionId }) => predictionId));
    expect(log.lines).toEqual([]);
  });
  it('is lost, and said to be once a spell, where it cannot be had, written or held', async () => {
    const log = listLog();
    const written: number[] = [];
    let fails = true;
    const scores = otherScores({
      write: async (batch) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (fails) throw new Error('no database');
        written.push(batch.length);
      },
      log,
      mostWaiting: 10,
    });
    scores.offer(Promise.reject(new Error('no scorer')));
    scores.offer(Promise.resolve(rows(3)));
    await scores.idle();
    expect(log.lines).toHaveLength(1);
    fails = false;
    scores.offer(Promise.resolve(rows(3)));
    await scores.idle();
    expect(written).toEqual([3]);
    scores.offer(Promise.resolve(rows(30)));
    await scores.idle();
    expect(written).toEqual([3, 10]);
    expect(log.lines).toHaveLength(2);
  });
});
