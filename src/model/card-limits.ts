import { figure } from './card-format.js';
import type { Model, ModelVersion } from './model.js';
import type { VersionReport } from './version-report.js';

/** Test rows below which intervals are wide whatever the model. */
const FEW_TEST_ROWS = 500;

/** What the record itself says a version must not be relied on for, in words. */
export function limitsOf(
  { spec }: Pick<Model, 'spec'>,
  { testRows, dataUntil }: Pick<ModelVersion, 'testRows' | 'dataUntil'>,
  report: VersionReport,
): string[] {
  const { targets, slices = [], fairness = [], ruleChecks = [], metrics, upload } = report;
  const { minAgeDays, activeWithinHorizons } = spec.eligible;
  const months = new Set(
    slices.filter(({ dimension }) => dimension === 'month').map((s) => s.value),
  );
  const missed = targets.filter(({ met }) => !met).map(({ metric }) => metric);
  const violated = ruleChecks.filter(({ met }) => !met).map(({ name }) => name);
  const known: [boolean, string][] = [
    [
      !upload,
      `It knows customers first seen at least ${minAgeDays} days before${activeWithinHorizons === null ? '' : `, active within ${figure(activeWithinHorizons)} horizons`}; of others it says nothing.`,
    ],
    [
      dataUntil !== null,
      `It knows nothing after ${dataUntil?.toISOString() ?? ''}; how customers behaved may have changed since.`,
    ],
    [!upload, 'Reasons say what the score is made of, not what would change the customer.'],
    [
      !upload && testRows < FEW_TEST_ROWS,
      `The test part has ${testRows} rows: intervals are wide, and slices small.`,
    ],
    [months.size === 1, 'All test rows are of one month: nothing is known of other seasons.'],
    [missed.length > 0, `Goals that are not met: ${missed.join(', ')}.`],
    [violated.length > 0, `Business rules that are not met: ${violated.join(', ')}.`],
    [fairness.length === 0, 'No attribute was named for which groups are compared.'],
    [
      !metrics.some(({ split }) => split === 'TEST'),
      'It was not measured here: there is no figure to rely on.',
    ],
  ];
  return known.filter(([holds]) => holds).map(([, text]) => text);
}
