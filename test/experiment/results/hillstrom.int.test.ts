import fs from 'node:fs';
import zlib from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/experiment/experiment.js';
import type { Comparison } from '../../../src/experiment/results/results.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { relativeError } from '../../support/selection-golden.js';
import { sharedData } from '../../support/shared-data.js';
import { openResultsLab, type MadeEvent, type ResultsLab } from './results-lab.js';

const dataFile = sharedData('hillstrom.csv.gz');
const referenceFile = sharedData('reference/abtest_hillstrom.json');

interface OfShares {
  treatment: { x: number; n: number; rate: number };
  control: { x: number; n: number; rate: number };
  difference: number;
  relative_lift: number;
  p: number;
  ci95_difference: { wald: [number, number] };
}
interface OfSpend {
  mean_treatment: number;
  mean_control: number;
  difference: number;
  welch_p: number;
  ci95: [number, number];
}
interface Reference {
  srm: { counts: number[]; p: number };
  comparisons: Record<string, { visit: OfShares; conversion: OfShares; spend: OfSpend }>;
}

const arms = ['No E-Mail', 'Mens E-Mail', 'Womens E-Mail'];
const sent = new Date('2008-03-01');

/** The customers in the order of the file, and what they did in the two weeks after. */
function readHillstrom(): { variants: string[]; events: MadeEvent[] } {
  const bytes = zlib.gunzipSync(fs.readFileSync(dataFile ?? ''));
  const rows = parse(bytes, { columns: true }) as unknown as Record<string, string>[];
  const at = new Date(sent.getTime() + DAY_MS);
  const events = rows.flatMap(({ visit, conversion, spend }, index): MadeEvent[] => [
    ...(visit === '1' ? [{ user: index + 1, type: 'visit', at }] : []),
    ...(conversion === '1' ? [{ user: index + 1, type: 'conversion', at }] : []),
    ...(Number(spend) > 0 ? [{ user: index + 1, type: 'purchase', at, value: Number(spend) }] : []),
  ]);
  return { variants: rows.map(({ segment }) => segment ?? ''), events };
}

describe.skipIf(!dataFile || !referenceFile)("Hillstrom's e-mail experiment", () => {
  let lab: ResultsLab;
  let experiment: Experiment;
  let reference: Reference;

  beforeAll(async () => {
    reference = JSON.parse(fs.readFileSync(referenceFile ?? '', 'utf8')) as Reference;
    const { variants, events } = readHillstrom();
    lab = await openResultsLab(variants.length, new Date('2008-03-20'));
    experiment = await lab.make({
      key: 'hillstrom',
      variants: arms.map((key, at) => ({
        ...{ key, weight: 1, control: at === 0, modelVersionId: null, payload: {} },
      })),
      primaryMetric: 'share:visit',
      guardrails: ['share:conversion', 'sum:purchase'],
      startsAt: sent,
      endsAt: new Date('2008-03-15'),
    });
    await lab.assign(
      experiment,
      variants.map((variant, index) => ({ user: index + 1, variant, at: sent })),
    );
    await lab.record(events);
  }, 60_000);
  afterAll(() => lab.close());

  it('comes out as the reference to 1e-6: arms, differences, lifts, p-values, intervals, shares of the arms', async () => {
    const results = await lab.looks.read(experiment, lab.clock.now());
    const close = (actual: number | null | undefined, expected: number): void => {
      expect(relativeError(actual ?? NaN, expected)).toBeLessThan(1e-6);
    };
    const of = (metric: string, treatment: string): Comparison => {
      const found = results.comparisons.find(
        (each) => each.metric === metric && each.treatment === treatment,
      );
      if (!found) throw new Error(`no comparison of ${treatment} in ${metric}`);
      return found;
    };
    const armOf = (key: string) => results.variants.find(({ variant }) => variant === key);
    for (const treatment of arms.slice(1)) {
      const expected = reference.comparisons[`${treatment} vs No E-Mail`];
      if (!expected) throw new Error(`no reference of ${treatment}`);
      for (const [metric, own] of [
        ['share:visit', expected.visit],
        ['share:conversion', expected.conversion],
      ] as const) {
        const actual = of(metric, treatment);
        close(actual.difference, own.difference);
        close(actual.relativeLift, own.relative_lift);
        close(actual.pValue, own.p);
        close(actual.low, own.ci95_difference.wald[0]);
        close(actual.high, own.ci95_difference.wald[1]);
      }
      const spend = of('sum:purchase', treatment);
      close(spend.difference, expected.spend.difference);
      close(spend.pValue, expected.spend.welch_p);
      close(spend.low, expected.spend.ci95[0]);
      close(spend.high, expected.spend.ci95[1]);
      expect(spend.method).toBe('Welch t');
      const arm = armOf(treatment);
      expect(arm?.users).toBe(expected.visit.treatment.n);
      expect(arm?.outcomes).toBe(expected.visit.treatment.x);
      close(arm?.mean, expected.visit.treatment.rate);
      close(arm?.metrics[2]?.value, expected.spend.mean_treatment);
    }
    close(results.sampleRatio.pValue, reference.srm.p);
    expect(results.sampleRatio.mismatch).toBe(false);
    expect(results.waitingFor).toEqual([]);
  });

  it('advises to ship the mail for men: it brings most people back', async () => {
    const results = await lab.looks.read(experiment, lab.clock.now());
    expect(results).toMatchObject({ decision: 'SHIP', winner: 'Mens E-Mail' });
    expect(results.reason).toMatch(
      /^Mens E-Mail is better: share:visit differs by 0\.0766 \(\+72\.1 %\), 95 % 0\.07 to 0\.0832/,
    );
    expect(results.comparisons.every(({ verdict }) => verdict !== 'WORSE')).toBe(true);
  });
});
