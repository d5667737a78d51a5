import { describe, expect, it } from 'vitest';
import { rankFeatures } from '../../../src/model/select/rank-features.js';
import { defaultSelectionThresholds, type SelectionMethod } from '../../../src/model/selection.js';
import { haveReferenceData, telcoTable } from '../../support/reference-tables.js';
import { relativeError, selectionGolden } from '../../support/selection-golden.js';

describe.skipIf(!haveReferenceData())(
  'Telco churn, against scikit-learn 1.2.1 and scipy 1.10.1',
  () => {
    const ranking = rankFeatures(
      {
        ...telcoTable(),
        booleanNames: ['SeniorCitizen'],
        methods: ['CORRELATION', 'MUTUAL_INFORMATION', 'ANOVA_F', 'CHI_SQUARE'],
        thresholds: defaultSelectionThresholds,
        seed: 1,
      },
      { onProgress: () => undefined, now: () => 0 },
    );
    const rowsOf = (method: SelectionMethod) =>
      ranking.methods.find((each) => each.method === method)?.ranking ?? [];
    const { telco } = selectionGolden;

    it.each([
      ['CORRELATION', telco.pearson, 'r'],
      ['ANOVA_F', telco.anova, 'f'],
      ['CHI_SQUARE', telco.chiSquare, 'statistic'],
    ] as const)(
      '%s: score and p-value of every column to 1e-6, so the same order',
      (method, golden, key) => {
        const rows = rowsOf(method);
        expect(rows.map(({ feature }) => feature).sort()).toEqual(Object.keys(golden).sort());
        for (const { feature, score, pValue } of rows) {
          const expected = (golden as Record<string, Record<string, number>>)[feature] ?? {};
          expect(relativeError(score ?? NaN, expected[key] ?? NaN)).toBeLessThan(1e-6);
          expect(relativeError(pValue ?? NaN, expected['pValue'] ?? NaN)).toBeLessThan(1e-6);
        }
      },
    );

    it('MUTUAL_INFORMATION: categories to 1e-6, numbers to 0.01 nats, whose ties scikit-learn jitters', () => {
      const rows = rowsOf('MUTUAL_INFORMATION');
      expect(rows).toHaveLength(Object.keys(telco.mutualInformation).length);
      for (const { feature, score } of rows) {
        const tied = ['tenure', 'MonthlyCharges', 'TotalCharges'].includes(feature);
        const error = Math.abs((score ?? NaN) - (telco.mutualInformation[feature] ?? NaN));
        expect(error).toBeLessThan(tied ? 0.01 : 1e-6);
      }
      const first = Object.entries(telco.mutualInformation).sort((a, b) => b[1] - a[1]);
      expect(rows[0]?.feature).toBe(first[0]?.[0]);
    });
  },
);
