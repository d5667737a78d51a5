import { describe, expect, it } from 'vitest';
import { bodyBudget } from '../../src/door/body-budget.js';

const MIB = 1_048_576;
const budgetOf = (maxBytes: number, maxWaitMs: number, maxBodies = 10) =>
  bodyBudget({ maxBytes, maxBodies, maxWaitMs });
const never = new AbortController().signal;

describe('the budget of bodies', () => {
  it('lets small bodies pass however much is in hand', async () => {
    const budget = budgetOf(MIB, 10);
    await budget.take(MIB, never);
    await budget.take(65_536, never);
    expect(budget.inHand()).toBe(MIB);
  });

  it('lets large ones in by turns, in the order in which they came', async () => {
    const budget = budgetOf(3 * MIB, 5_000);
    const first = await budget.take(2 * MIB, never);
    const came: string[] = [];
    const second = budget.take(2 * MIB, never).then((share) => (came.push('second'), share));
    // there would be room for it, but then a large one might never come to its turn
    const third = budget.take(MIB, never).then((share) => (came.push('third'), share));
    await Promise.resolve();
    expect([budget.inHand(), came]).toEqual([2 * MIB, []]);
    first.release();
    const shares = await Promise.all([second, third]);
    expect([budget.inHand(), came]).toEqual([3 * MIB, ['second', 'third']]);
    for (const share of shares) share.release();
    expect(budget.inHand()).toBe(0);
  });

  it('lets in so many and no more, however little they hold', async () => {
    const budget = budgetOf(100 * MIB, 5_000, 2);
    const [first, second] = [await budget.take(MIB, never), await budget.take(MIB, never)];
    let came = false;
    const third = budget.take(MIB, never).then((share) => ((came = true), share));
    first.shrinkTo(10);
    await Promise.resolve();
    expect(came).toBe(false);
    first.release();
    first.release();
    for (const share of [await third, second]) share.release();
    expect(budget.inHand()).toBe(0);
  });

  it('gives back what did not come, once', async () => {
    const budget = budgetOf(2 * MIB, 5_000);
    const share = await budget.take(2 * MIB, never);
    const waiting = budget.take(MIB, never);
    share.shrinkTo(100);
    const next = await waiting;
    expect(budget.inHand()).toBe(MIB + 100);
    share.release();
    share.release();
    next.release();
    expect(budget.inHand()).toBe(0);
  });

  it('refuses who does not come to their turn in time, and forgets them', async () => {
    const budget = budgetOf(MIB, 20);
    const share = await budget.take(MIB, never);
    await expect(budget.take(MIB, never)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(`1 of at most 10 hold ${MIB} of ${MIB} bytes`),
    });
    share.release();
    expect(budget.inHand()).toBe(0);
    (await budget.take(MIB, never)).release();
  });

  it('forgets who has gone while waiting', async () => {
    const budget = budgetOf(MIB, 5_000);
    const share = await budget.take(MIB, never);
    const gone = new AbortController();
    const waiting = budget.take(MIB, gone.signal);
    const behind = budget.take(100_000, never);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    share.release();
    (await behind).release();
    expect(budget.inHand()).toBe(0);
  });
});
