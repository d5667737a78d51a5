import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriftReport } from '../../src/drift/drift.js';
import { manualClock } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import { decileEdges, driftBins } from '../../src/numeric/drift-bins.js';
import { kolmogorovSmirnov } from '../../src/numeric/kolmogorov-smirnov.js';
import { populationStabilityIndex } from '../../src/numeric/population-stability.js';
import { openDriftLab, outcomeSpec, type DriftLab } from '../support/drift-lab.js';
import { sharedData } from '../support/shared-data.js';

/** ELEC2: half-hours of the market of New South Wales in order of time; Victoria's joined it at row 17,424. */
const file = sharedData('elec2.csv.gz');
const STEP = 4;
const JOINED = 17_424 / STEP;
const NAMES = ['nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'];
const START = Date.UTC(1996, 4, 7);
const HALF_HOUR = 1_800_000;
/** When a row, by its place among those that are loaded, registers. */
const at = (row: number): Date => new Date(START + row * STEP * HALF_HOUR);
/** The control registers long before: rows of the first days, drawn, so that nothing but chance tells them apart. */
const before = (row: number): Date => new Date(at(row).getTime() - 10 * 365 * 86_400_000);

interface Row {
  values: Record<string, number>;
  up: boolean;
}

const rows: Row[] = file
  ? gunzipSync(readFileSync(file))
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .filter((_, i) => i % STEP === 0)
      .map((line) => {
        const cells = line.split(',');
        const values = NAMES.map((name, i) => [name, Number(cells[3 + i])] as const);
        return { values: Object.fromEntries(values), up: cells[8] === 'UP' };
      })
  : [];
const CONTROL = Math.floor(rows.length / 10);
const random = seededRandom(2);
const drawn = Array.from({ length: CONTROL }, () => random.next() < 0.5);
const isControl = (row: number): boolean => drawn[row] ?? false;

describe.skipIf(!file)('ELEC2 over time', { timeout: 60_000 }, () => {
  const clock = manualClock(at(rows.length + 1));
  let lab: DriftLab;

  beforeAll(async () => {
    lab = await openDriftLab(
      clock,
      NAMES.map((name) => ({ name, type: 'numerical' as const })),
      outcomeSpec({ algorithms: ['boosting'], trials: 1 }),
    );
    await lab.customers(
      rows.map(({ values }, row) => ({
        externalId: `half-hour-${row}`,
        registeredAt: isControl(row) ? before(row) : at(row),
        attributes: values,
      })),
    );
    // Victoria's columns do not vary before it joins: a model that takes them must have seen some of what came after
    const labelled = [...rows.entries()].filter(
      ([row]) => row < rows.length / 10 || (row >= JOINED && row < JOINED + 300),
    );
    await lab.outcomes(
      labelled.map(([row, { up }]) => ({
        externalId: `half-hour-${row}`,
        positive: up,
        at: at(JOINED + 300),
      })),
    );
    await lab.train();
  }, 60_000);
  afterAll(() => lab.close());

  /** Values of a window, as the check reads them: float32. */
  const valuesOf = (name: string, isIn: (row: number) => boolean): Float32Array =>
    Float32Array.from(rows.flatMap(({ values }, row) => (isIn(row) ? [values[name] ?? NaN] : [])));

  function expectEqual(
    report: DriftReport,
    reference: (row: number) => boolean,
    current: (row: number) => boolean,
  ): void {
    expect(report.features.map(({ feature }) => feature).sort()).toEqual([...NAMES].sort());
    for (const found of report.features) {
      const past = valuesOf(found.feature, reference);
      const now = valuesOf(found.feature, current);
      const bins = driftBins(decileEdges(past.slice().sort()));
      const [expected, actual] = [bins.count(past).counts, bins.count(now).counts];
      const psi = populationStabilityIndex(expected, actual);
      expect(found.psi).toBeCloseTo(psi, 12);
      expect(found.ks).toBeCloseTo(kolmogorovSmirnov(past, now).statistic, 9);
      const mean = now.reduce((sum, value) => sum + value, 0) / now.length;
      expect(found.meanCurrent).toBeCloseTo(mean, 9);
    }
  }

  const early = (row: number): boolean => row < CONTROL && !isControl(row);
  const reference = { referenceFrom: at(0), referenceUntil: at(CONTROL) };

  it('finds no drift between halves of the first tenth, drawn by chance', async () => {
    const report = await lab.check({
      ...{ referenceFrom: before(0), referenceUntil: before(CONTROL) },
      ...{ currentFrom: at(0), currentUntil: at(CONTROL) },
    });
    expect(report).toMatchObject({ drifted: false, driftedShare: 0, consequence: 0 });
    expect(report.features.map(({ level }) => level)).toEqual(NAMES.map(() => 'NONE'));
    expect(report.referenceRows + report.currentRows).toBe(CONTROL);
    expectEqual(report, isControl, early);
  });

  it('finds none in what Victoria brings before it joins, and drift from then on', async () => {
    const until = JOINED;
    const still = await lab.check({
      ...{ ...reference, currentFrom: at(CONTROL), currentUntil: at(until) },
    });
    const levels = (report: DriftReport): Record<string, string> =>
      Object.fromEntries(report.features.map(({ feature, level }) => [feature, level]));
    const quiet = { vicprice: 'NONE', vicdemand: 'NONE', transfer: 'NONE' };
    expect(levels(still)).toMatchObject(quiet);
    expectEqual(still, early, (row) => row >= CONTROL && row < until);

    clock.advance(1_000);
    const joined = await lab.check({
      ...{ ...reference, currentFrom: at(JOINED), currentUntil: at(rows.length) },
    });
    expect(joined.drifted).toBe(true);
    const severe = { vicprice: 'SEVERE', vicdemand: 'SEVERE', transfer: 'SEVERE' };
    expect(levels(joined)).toMatchObject(severe);
    expect(joined.currentRows).toBe(rows.length - JOINED);
    expectEqual(joined, early, (row) => row >= JOINED);
  });

  it('finds the drift within two weeks of the day it begins', async () => {
    const until = JOINED + 168;
    const report = await lab.check({
      ...{ ...reference, currentFrom: at(JOINED), currentUntil: at(until) },
    });
    expect(report.currentRows).toBe(168);
    expect(report.drifted).toBe(true);
    expectEqual(report, early, (row) => row >= JOINED && row < until);
  });

  it('compares with what was kept at the training where no window is named', async () => {
    const report = await lab.check({ currentFrom: at(0), currentUntil: at(CONTROL) });
    const trained = rows.filter(
      (_, row) => row < rows.length / 10 || (row >= JOINED && row < JOINED + 300),
    );
    expect(report).toMatchObject({ referenceSource: 'TRAINING', referenceRows: trained.length });
    expect(report.features.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  });
});
