import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../src/report/advice.js';
import type { DayFigures } from '../../src/report/daily-report.js';
import { quietDay } from './figures.js';

const latency = (mean: number | null) => ({ latencyMs: { mean, p50: null, p95: null, p99: null } });
const segmentation = (change: Partial<NonNullable<DayFigures['segmentation']>>) => ({
  segmentation: { key: 'persona', version: 1, clusters: 5, diversity: 0.7, ...change },
});
const alerts = (firing: number) => ({ alerts: { fired: 0, resolved: 0, firing, loudest: [] } });
const drift = { model: 'churn', driftedShare: 0.5, consequence: 0.4, action: 'RETRAINING' };
const scanned = '2026-11-20T02:40:00.000Z';
const failing = [{ name: 'age in range', status: 'FAILED', violations: 12 }];

describe('advice', () => {
  it('says nothing of a day on which nothing is wrong', () => {
    expect(adviceOn(quietDay())).toEqual([]);
  });
  it('says nothing of what was not measured', () => {
    const nothing = { requests: 0, errors: 0, fallbacks: 0, segmentation: null, labels: [] };
    expect(adviceOn(quietDay({ ...nothing, ...latency(null) }))).toEqual([]);
  });
  it.each<[string, Partial<DayFigures>, Partial<DayFigures>, RegExp]>([
    [
      'errors above 3 %',
      { requests: 100, errors: 3 },
      { requests: 1_000, errors: 31 },
      /^3\.1 % of the questions to models failed/,
    ],
    ['answers above 0.8 s', latency(800), latency(801), /^An answer took 0\.801 s on average/],
    [
      'diversity below 0.2',
      segmentation({ diversity: 0.2 }),
      segmentation({ diversity: 0.199 }),
      /diversity of the segmentation persona is 0\.199/,
    ],
    [
      'fewer than 3 segments',
      segmentation({ clusters: 3 }),
      segmentation({ clusters: 2 }),
      /^The segmentation persona has 2 segments with customers/,
    ],
    ['a model that drifted', { drifted: [] }, { drifted: [drift] }, /^The data of churn drifted/],
    [
      'a check of data quality that fails',
      { dataQuality: [{ table: 'event', status: 'WARNING', scannedAt: scanned, checks: [] }] },
      { dataQuality: [{ table: 'event', status: 'FAILED', scannedAt: scanned, checks: failing }] },
      /^Checks of data quality fail in event \(age in range\)/,
    ],
    ['an alert that is not over', alerts(0), alerts(1), /^1 alert was not over/],
    [
      'more than a fifth answered in the model\u2019s place',
      { requests: 10, fallbacks: 2 },
      { requests: 1_000, fallbacks: 201 },
      /^20\.1 % of the answers came from rules/,
    ],
    [
      'jobs that failed',
      { jobs: [{ kind: 'TRAIN', succeeded: 4, failed: 0 }] },
      { jobs: [{ kind: 'TRAIN', succeeded: 4, failed: 1 }] },
      /^Jobs failed: 1 TRAIN/,
    ],
    [
      'no label for 30 days',
      { labels: [{ model: 'fraud', days: 30 }] },
      { labels: [{ model: 'fraud', days: 30.5 }] },
      /^No outcome was recorded for fraud \(30 days\)/,
    ],
  ])('is given for %s, and not at the border', (_, at, beyond, wanted) => {
    expect(adviceOn(quietDay(at))).toEqual([]);
    const said = adviceOn(quietDay(beyond));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(wanted);
  });
});
