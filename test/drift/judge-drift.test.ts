import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeDrift,
  judgeShift,
  weightsOf,
  type Shift,
  type WindowRows,
} from '../../src/drift/judge-drift.js';

const MANY: WindowRows = { reference: 10_000, current: 10_000 };

const shift = (change: Partial<Shift> = {}): Shift => ({
  ...{ feature: 'x', psi: 0, ks: 0, ksPValue: 1, chiSquare: 0, chiSquarePValue: 1 },
  ...{ missingReference: 0, missingCurrent: 0, meanReference: 0, meanCurrent: 0 },
  ...{ deviationReference: 1, deviationCurrent: 1, histogram: [] },
  ...change,
});
/** Moved so that chance does not explain it. */
const sure = { chiSquarePValue: 1e-9, ksPValue: 1e-9 };

describe('the level of a shift', () => {
  it.each<[string, Partial<Shift>, WindowRows, string]>([
    ['nothing moved', {}, MANY, 'NONE'],
    ['PSI just below 0.1', { psi: 0.0999, ...sure }, MANY, 'NONE'],
    ['PSI of 0.1', { psi: 0.1, ...sure }, MANY, 'MODERATE'],
    ['PSI just below 0.25', { psi: 0.2499, ...sure }, MANY, 'MODERATE'],
    ['PSI of 0.25', { psi: 0.25, ...sure }, MANY, 'SEVERE'],
    ['PSI of 1 that chance explains', { psi: 1 }, MANY, 'NONE'],
    ['KS of 0.1', { ks: 0.1, ...sure }, MANY, 'NONE'],
    ['KS above 0.1', { ks: 0.101, ...sure }, MANY, 'MODERATE'],
    ['KS above 0.1 that chance explains', { ks: 0.2, ksPValue: 0.02 }, MANY, 'NONE'],
    ['a mean that jumped', { psi: 0.05, meanCurrent: 0.51, ...sure }, MANY, 'MODERATE'],
    ['a mean that moved less', { psi: 0.05, meanCurrent: 0.49, ...sure }, MANY, 'NONE'],
    [
      'a mean that jumped, of a moderate shift',
      { psi: 0.1, meanCurrent: 1, ...sure },
      MANY,
      'SEVERE',
    ],
    ['a variance that doubled', { psi: 0.05, deviationCurrent: 1.42, ...sure }, MANY, 'MODERATE'],
    ['a variance that halved', { psi: 0.05, deviationCurrent: 0.7, ...sure }, MANY, 'MODERATE'],
    ['one outlier, no bin moved', { deviationCurrent: 50 }, MANY, 'NONE'],
    [
      'a constant that became another',
      { deviationReference: 0, deviationCurrent: 0, meanCurrent: 1, ks: 1, ...sure },
      MANY,
      'SEVERE',
    ],
    ['values gone from half of the rows', { missingCurrent: 0.5 }, MANY, 'SEVERE'],
    ['values gone from a hundredth', { missingCurrent: 0.01 }, MANY, 'NONE'],
    ['values gone from a fiftieth', { missingCurrent: 0.02 }, MANY, 'MODERATE'],
    [
      'all values gone',
      { missingCurrent: 1, ks: null, ksPValue: null, chiSquarePValue: null, meanCurrent: null },
      MANY,
      'SEVERE',
    ],
    [
      'a few values gone from a few rows',
      { missingCurrent: 0.05 },
      { reference: 10_000, current: 40 },
      'SEVERE',
    ],
    [
      'the same in 29 rows',
      { psi: 5, missingCurrent: 0.5, ...sure },
      { reference: 10_000, current: 29 },
      'NONE',
    ],
    ['a reference of 29 rows', { psi: 5, ...sure }, { reference: 29, current: 10_000 }, 'NONE'],
    [
      'a category',
      {
        psi: 0.3,
        ks: null,
        ksPValue: null,
        meanReference: null,
        meanCurrent: null,
        chiSquarePValue: 1e-9,
      },
      MANY,
      'SEVERE',
    ],
  ])('%s', (_what, change, rows, level) => {
    expect(judgeShift(shift(change), 1, rows, 1).drift.level).toBe(level);
  });

  it('asks for more certainty where many are judged together', () => {
    const border = shift({ psi: 0.3, chiSquarePValue: 0.001, ksPValue: 1 });
    expect(judgeShift(border, 1, MANY, 1).drift.level).toBe('SEVERE');
    expect(judgeShift(border, 1, MANY, 100).drift.level).toBe('NONE');
  });
});

const nothingElse = { prediction: null, label: null, conceptDetected: false };

describe('the verdict', () => {
  it.each<[string, number, number, boolean, number]>([
    ['a moved feature that does nothing to the score', 0, 3, false, 0],
    ['one that does a little', 0.09, 3, false, 0.09],
    ['one that does a tenth', 0.1, 3, true, 0.1],
    ['one that does half, moved half way', 0.5, 0.125, true, 0.25],
    ['one that does all of it', 1, 9, true, 1],
  ])('%s', (_what, weight, psi, drifted, consequence) => {
    const shifts = [shift({ feature: 'moved', psi, ...sure }), shift({ feature: 'still' })];
    const weights = new Map([
      ['moved', weight],
      ['still', 1 - weight],
    ]);
    const verdict = judgeDrift(shifts, weights, MANY, nothingElse);
    expect(verdict.drifted).toBe(drifted);
    expect(verdict.consequence).toBeCloseTo(consequence, 12);
    expect(verdict.driftedShare).toBe(psi >= 0.25 ? 0.5 : 0);
  });

  it('counts a level that another figure than PSI gives as the PSI it stands for', () => {
    // a constant of the reference that only grew: its values share a bin
    const ks = shift({ ks: 0.5, chiSquare: null, chiSquarePValue: null, ksPValue: 1e-9 });
    const of = (each: Shift) => judgeDrift([each], new Map([['x', 1]]), MANY, nothingElse);
    expect(of(ks).consequence).toBeCloseTo(0.4, 12);
    expect(of({ ...ks, meanCurrent: 2 }).consequence).toBe(1);
  });

  it('does not hide one drifting column behind many quiet ones', () => {
    const shifts = Array.from({ length: 200 }, (_, i) =>
      shift({ feature: `f${i}`, ...(i === 7 ? { psi: 2, ...sure } : {}) }),
    );
    const weights = weightsOf(
      shifts.map(({ feature }) => feature),
      shifts.map(({ feature }, i) => ({ feature, meanAbsoluteContribution: i === 7 ? 40 : 1 })),
    );
    const { drifted, features, reasons } = judgeDrift(shifts, weights, MANY, nothingElse);
    expect(drifted).toBe(true);
    expect(features.filter(({ level }) => level !== 'NONE').map(({ feature }) => feature)).toEqual([
      'f7',
    ]);
    expect(reasons).toEqual([
      'inputs moved that carry the score, consequence 0.17: f7 (PSI 2.00, 17 % of the score)',
    ]);
  });

  it.each([
    ['scores', 'prediction'],
    ['labels', 'label'],
  ] as const)('says drift where the %s moved severely', (_what, place) => {
    const at = (psi: number) => ({
      ...nothingElse,
      [place]: judgeShift(shift({ psi, ...sure }), 1, MANY, 1).drift,
    });
    expect(judgeDrift([shift()], new Map([['x', 1]]), MANY, at(0.3)).drifted).toBe(true);
    expect(judgeDrift([shift()], new Map([['x', 1]]), MANY, at(0.2)).drifted).toBe(false);
  });

  it('says drift where the concept turned', () => {
    const verdict = judgeDrift([shift()], new Map([['x', 1]]), MANY, {
      ...nothingElse,
      conceptDetected: true,
    });
    expect(verdict).toMatchObject({
      drifted: true,
      reasons: ['it is right less often than before'],
    });
  });

  it('weighs all inputs the same where the record does not say', () => {
    expect(weightsOf(['a', 'b'], [])).toEqual(
      new Map([
        ['a', 0.5],
        ['b', 0.5],
      ]),
    );
    expect(
      weightsOf(
        ['a', 'b'],
        [
          { feature: 'a', meanAbsoluteContribution: 3 },
          { feature: 'gone', meanAbsoluteContribution: 5 },
          { feature: 'b', meanAbsoluteContribution: 1 },
        ],
      ),
    ).toEqual(
      new Map([
        ['a', 0.75],
        ['b', 0.25],
      ]),
    );
  });
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyShift = fc.record({
  psi: fc.double({ min: 0, max: 20, noNaN: true }),
  ks: share,
  ksPValue: share,
  chiSquarePValue: share,
  missingReference: share,
  missingCurrent: share,
  meanCurrent: fc.double({ min: -5, max: 5, noNaN: true }),
  deviationCurrent: fc.double({ min: 0, max: 5, noNaN: true }),
});

describe('laws', () => {
  it('keep the consequence within 0..1, at most the weight that moved, and blind to features without weight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyShift, share), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 5_000 }),
        anyShift,
        (drawn, current, idle) => {
          const shifts = drawn.map(([change], i) => shift({ ...change, feature: `f${i}` }));
          const weights = weightsOf(
            shifts.map(({ feature }) => feature),
            drawn.map(([, weight], i) => ({
              feature: `f${i}`,
              meanAbsoluteContribution: weight,
            })),
          );
          const rows = { reference: 1_000, current };
          const verdict = judgeDrift(shifts, weights, rows, nothingElse);
          const moved = verdict.features.filter(({ level }) => level !== 'NONE');
          const carried = moved.reduce((sum, { weight }) => sum + weight, 0);
          expect(verdict.consequence).toBeGreaterThanOrEqual(0);
          expect(verdict.consequence).toBeLessThanOrEqual(Math.min(1, carried) + 1e-12);
          expect(verdict.features).toHaveLength(shifts.length);
          if (current < 30) expect(moved).toEqual([]);
          const more = [...shifts, shift({ ...idle, feature: 'idle' })];
          const wider = judgeDrift(more, new Map([...weights, ['idle', 0]]), rows, nothingElse);
          // one more look asks for a little more certainty, never for less
          expect(wider.consequence).toBeLessThanOrEqual(verdict.consequence + 1e-12);
        },
      ),
    );
  });
});
