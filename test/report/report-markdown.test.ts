import { describe, expect, it } from 'vitest';
import { reportMarkdown } from '../../src/report/report-markdown.js';
import { judgeDay } from '../../src/report/write-daily-report.js';
import { quietDay } from './figures.js';

const NASTY = '<script>alert(1)</script>\n# Heading | [x](http://evil.example) `code`';

describe('the page of a day', () => {
  it('tells grade, sentence, figures and that there is nothing to do', () => {
    const page = reportMarkdown('2026-11-20', judgeDay(quietDay()), false);
    expect(page.split('\n').filter((line) => line.startsWith('#'))).toEqual([
      '# Daily report of 2026-11-20',
      ...['Rating', 'What to do', 'Predictions', 'Alerts', 'Drift', 'Experiments'].map(
        (title) => `## ${title}`,
      ),
      '## Data quality',
      '## Jobs',
    ]);
    expect(page).toContain('**Excellent** (EXCELLENT)');
    expect(page).toContain(
      'Excellent: 1,000 predictions, 0 % errors, 20 ms on average, no alert fired, no model drifted.',
    );
    expect(page).toContain('| churn | 1000 | 25 % |');
    expect(page).toContain('## What to do\n\nNothing.');
    expect(page).toContain('| 50th, 95th, 99th percentile | 12 ms, 60 ms, 110 ms |');
  });
  it('says of a day that goes on that it is so far, and of an empty one what is not known', () => {
    const empty = quietDay({
      ...{ predictions: 0, models: [], requests: 0, segmentation: null, jobs: [], labels: [] },
      ...{ latencyMs: { mean: null, p50: null, p95: null, p99: null }, dataQuality: [] },
    });
    const content = judgeDay(empty);
    expect(content.rating).toBe('VERY_POOR');
    expect(content.health).toBe(
      'Very poor: 0 predictions, no question to a model was measured, response time not known, no alert fired, no model drifted, no segmentation is live.',
    );
    const page = reportMarkdown('2026-11-21', content, true);
    expect(page).toMatch(/^# Daily report of 2026-11-21, so far\n/);
    expect(page).toContain('No table was looked at yet.');
  });
  it('escapes whatever people wrote', () => {
    const figures = quietDay({
      models: [{ name: NASTY, predictions: 1, positive: 1 }],
      drifted: [{ model: NASTY, driftedShare: 1, consequence: 1, action: NASTY }],
      experiments: [{ key: NASTY, status: 'RUNNING', decision: NASTY, reason: NASTY }],
      alerts: {
        ...{ fired: 1, resolved: 0, firing: 1 },
        loudest: [
          {
            ...{ id: 'a', rule: NASTY, severity: 'HIGH' as const, summary: NASTY },
            ...{ firedAt: '2026-11-20T01:00:00.000Z', resolvedAt: null },
          },
        ],
      },
      dataQuality: [
        {
          ...{
            table: 'customer',
            status: 'FAILED' as const,
            scannedAt: '2026-11-20T02:40:00.000Z',
          },
          checks: [{ name: NASTY, status: 'FAILED', violations: 1 }],
        },
      ],
      labels: [{ model: NASTY, days: 99 }],
    });
    const page = reportMarkdown('2026-11-20', judgeDay(figures), false);
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/\]\(http/);
    expect(page.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    // a cell that broke out would give its line more cells than the head has
    const cells = page
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(cells)).toEqual(new Set([4, 5, 6]));
  });
});
