import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import type { ServedModel } from '../../src/model/serving.js';
import type { LedgerRow } from '../../src/prediction/prediction.js';
import { replayLedger, type ReplayLedgerDeps } from '../../src/prediction/replay-ledger.js';
import { replayRows, type ReplayDeps, type ReplayedRow } from '../../src/prediction/replay.js';

const signal = new AbortController().signal;
const served = (id: string): ServedModel =>
  ({
    version: { id, artifactSha256: `sha of ${id}` },
    inputs: { numericNames: ['x'], categoricalNames: ['c'] },
  }) as unknown as ServedModel;

/** Version `a` says x, version `b` says 1 - x; rules say 0.125 where the category is `ruled`. */
function deps(calls: string[] = []): ReplayDeps {
  return {
    useVersion: (id, work) =>
      id === 'gone'
        ? Promise.reject(new AppError('NOT_FOUND', `no model version has the id ${id}`))
        : work(served(id)),
    scorer: {
      score: (sha256, table) => {
        calls.push(`${sha256} x ${table.rows}`);
        const probability = Float64Array.from(table.numeric, (x) =>
          sha256 === 'sha of a' ? x : 1 - x,
        );
        return Promise.resolve({ probability, margin: probability });
      },
    },
    answerByRules: (_, { categorical }) =>
      categorical[0] === 'ruled' ? { probability: 0.125 } : null,
  };
}

const row = (change: Partial<ReplayedRow> = {}, x = 0.25, category = 'c'): ReplayedRow => ({
  source: 'MODEL',
  modelVersionId: 'a',
  probability: 0.25,
  inputs: { numeric: Float32Array.of(x), categorical: [category] },
  ...change,
});

describe('A score asked for again', () => {
  it('is put to the version that answered, each version once, and comes back in order', async () => {
    const calls: string[] = [];
    const rows = [
      row(),
      row({ modelVersionId: 'b', probability: 0.75 }),
      row({ probability: 0.5 }, 0.5),
      row({ source: 'CACHE' }),
    ];
    const replays = await replayRows(deps(calls), rows, signal);
    expect(calls).toEqual(['sha of a x 3', 'sha of b x 1']);
    expect(replays.map(({ probability, equal }) => [probability, equal])).toEqual([
      [0.25, true],
      [0.75, true],
      [0.5, true],
      [0.25, true],
    ]);
    expect(replays[1]?.artifactSha256).toBe('sha of b');
  });

  it.each([
    ['at the tolerance', 0.25 + 0.9e-6, true],
    ['past the tolerance', 0.25 + 1.1e-6, false],
    ['far off', 0.9, false],
  ])('%s: stored %d, equal is %s', async (_, probability, equal) => {
    const [replay] = await replayRows(deps(), [row({ probability })], signal);
    expect(replay).toMatchObject({ probability: 0.25, equal, because: null });
    expect(replay?.difference).toBeCloseTo(probability - 0.25, 9);
  });

  it.each([
    ['answered by rules', row({ source: 'RULES', probability: 0.125 }, 0.5, 'ruled'), true, null],
    [
      'answered by rules that are gone',
      row({ source: 'RULES' }),
      false,
      'neither a rule nor a score card of the version says anything',
    ],
    [
      'of a version that is gone',
      row({ modelVersionId: 'gone' }),
      false,
      'model version gone is gone',
    ],
    [
      'with a number too many',
      row({ inputs: { numeric: new Float32Array(2), categorical: ['c'] } }),
      false,
      'the logged inputs are not those of the version',
    ],
    [
      'of rules, without its category',
      row({ source: 'RULES', inputs: { numeric: new Float32Array(1), categorical: [] } }),
      false,
      'neither a rule nor a score card of the version says anything',
    ],
  ])('%s', async (_, asked, equal, because) => {
    const [replay] = await replayRows(deps(), [asked], signal);
    expect(replay).toMatchObject({ equal, because });
    expect(replay?.probability === null).toBe(because !== null);
  });

  it('is not a mismatch when the scorer cannot answer: that is an error', async () => {
    const busy = { score: () => Promise.reject(new AppError('UNAVAILABLE', 'the queue is full')) };
    await expect(replayRows({ ...deps(), scorer: busy }, [row()], signal)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

describe('An audit of the ledger', () => {
  const all = Array.from({ length: 4_500 }, (_, i): LedgerRow => {
    const stored = i === 17 || i === 4_000 ? 0.9 : 0.25;
    return { ...row({ probability: stored }), id: 10_000 - i, userId: i } as LedgerRow;
  });
  const ledger: ReplayLedgerDeps = {
    ...deps(),
    modelByName: (name) => Promise.resolve(name === 'churn' ? { id: 'm' } : null),
    newestRows: ({ first, beforeId }) =>
      Promise.resolve(all.filter(({ id }) => id < (beforeId ?? Infinity)).slice(0, first)),
  };
  const question = { model: 'churn', since: new Date(0), until: new Date(1), first: 10_000 };

  it('pages through it, counts what is off and names it', async () => {
    const report = await replayLedger(ledger, question, signal);
    expect(report).toMatchObject({
      predictions: 4_500,
      mismatches: 2,
      artifacts: [{ sha256: 'sha of a', predictions: 4_500 }],
    });
    expect(report.largestDifference).toBeCloseTo(0.65, 9);
    expect(report.examples.map(({ ledgerId, stored }) => [ledgerId, stored])).toEqual([
      [9_983, 0.9],
      [6_000, 0.9],
    ]);
  });

  it.each([1, 17, 18, 2_000, 2_001])('of the newest %i rows looks at no more', async (first) => {
    const report = await replayLedger(ledger, { ...question, first }, signal);
    expect(report.predictions).toBe(first);
    expect(report.mismatches).toBe(first > 17 ? 1 : 0);
  });

  it.each([
    [{ first: 0 }, 'first must be 1..10000, got 0'],
    [{ first: 10_001 }, 'first must be 1..10000, got 10001'],
    [
      { until: new Date(0) },
      'since must be before until, got 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:00.000Z',
    ],
    [{ model: 'nothing' }, 'no model is named nothing'],
  ])('refuses %j', async (change, message) => {
    await expect(replayLedger(ledger, { ...question, ...change }, signal)).rejects.toThrow(message);
  });
});
