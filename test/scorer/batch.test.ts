import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Waiting } from '../../src/scorer/batch.js';
import { planRun } from '../../src/scorer/batch.js';

interface Item extends Waiting {
  name: string;
}

const item = (name: string, key: string, rows: number, sent = 0): Item => ({
  name,
  key,
  rows,
  sent,
  maxRowsPerRun: 100,
});

const planned = (queue: Item[], previousWasBig = false): string => {
  const run = planRun(queue, previousWasBig);
  if (!run) return 'nothing';
  const pieces = run.pieces.map((p) => `${p.request.name} ${String(p.from)}-${String(p.to)}`);
  return `${run.big ? 'big' : 'small'}: ${pieces.join(', ')}`;
};

describe('planRun', () => {
  it.each<[string, Item[], boolean, string]>([
    ['an empty queue -> nothing', [], false, 'nothing'],
    ['one single -> one run', [item('a', 'm', 1)], false, 'small: a 0-1'],
    [
      'singles of one model -> one run',
      [item('a', 'm', 1), item('b', 'm', 1), item('c', 'm', 1)],
      false,
      'small: a 0-1, b 0-1, c 0-1',
    ],
    [
      'singles of two models -> a run of the first model',
      [item('a', 'm', 1), item('b', 'n', 1), item('c', 'm', 1)],
      false,
      'small: a 0-1, c 0-1',
    ],
    [
      'no room for a whole request -> it waits unsplit, a later one that fits goes along',
      [item('a', 'm', 60), item('b', 'm', 50), item('c', 'm', 40)],
      false,
      'small: a 0-60, c 0-40',
    ],
    ['exactly a full run -> not split', [item('a', 'm', 100)], false, 'small: a 0-100'],
    ['a row more than a run -> a full chunk', [item('a', 'm', 101)], false, 'big: a 0-100'],
    [
      'the last chunk of a big one -> filled up with singles',
      [item('a', 'm', 101, 100), item('b', 'm', 1), item('c', 'n', 1)],
      false,
      'big: a 100-101, b 0-1',
    ],
    [
      'after a big chunk -> singles first, wherever they stand',
      [item('a', 'm', 1000, 100), item('b', 'm', 1), item('c', 'm', 2)],
      true,
      'small: b 0-1, c 0-2',
    ],
    [
      'after singles -> the big one has its turn, however many singles wait',
      [item('b', 'm', 1), item('c', 'm', 2), item('a', 'm', 1000, 100)],
      false,
      'big: a 100-200',
    ],
    [
      'after a big chunk, only big ones -> the next in the queue',
      [item('a', 'm', 1000), item('b', 'm', 1000)],
      true,
      'big: a 0-100',
    ],
  ])('%s', (_, queue, previousWasBig, expected) => {
    expect(planned(queue, previousWasBig)).toBe(expected);
  });

  it('serves every row once, in runs of one key and at most the bound, and ends', () => {
    const requests = fc.array(
      fc.record({ key: fc.constantFrom('m', 'n'), rows: fc.integer({ min: 1, max: 450 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(requests, (given) => {
        let queue = given.map(({ key, rows }, i) => ({ ...item(String(i), key, rows), seen: 0 }));
        const all = [...queue];
        let previousWasBig = false;
        let runs = 0;
        for (let run = planRun(queue, false); run; run = planRun(queue, previousWasBig)) {
          runs++;
          previousWasBig = run.big;
          const rows = run.pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
          expect(rows).toBeGreaterThan(0);
          expect(rows).toBeLessThanOrEqual(100);
          expect(new Set(run.pieces.map((piece) => piece.request.key)).size).toBe(1);
          for (const { request, from, to } of run.pieces) {
            expect(from).toBe(request.seen);
            request.seen = to;
          }
          const taken = run.pieces.map(({ request }) => request);
          queue = [...queue.filter((one) => !taken.includes(one)), ...taken]
            .map((one) => Object.assign(one, { sent: one.seen }))
            .filter((one) => one.seen < one.rows);
        }
        expect(all.every((one) => one.seen === one.rows)).toBe(true);
        expect(runs).toBeLessThanOrEqual(
          all.reduce((sum, one) => sum + Math.ceil(one.rows / 100), 0),
        );
      }),
    );
  });
});
