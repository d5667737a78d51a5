import { figure, table, type Output } from './output.js';

/** Every field of a feature, with the trend of `$days` days. */
export const FEATURE_DETAIL = `id name version description businessMeaning type dataType unit status owner
  tags definition sql source lineage dependencies { name version } usedBy { id version stage model { name } }
  createdAt updatedAt statisticsComputedAt
  statistics { count missing mean standardDeviation min p25 median p75 max } categories { value count }
  monitoring(first: $days) { day rows missingShare summary { mean median p25 p75 }
    outliers { method share } }
  history { at actor action detail }`;

/** What `FEATURE_DETAIL` answers. */
export interface FeatureDetail {
  name: string;
  version: number;
  description: string;
  businessMeaning: string | null;
  type: string;
  dataType: string;
  unit: string | null;
  status: string;
  owner: string;
  tags: string[];
  definition: Record<string, unknown>;
  sql: string;
  source: string[];
  lineage: string[];
  dependencies: { name: string; version: number }[];
  usedBy: { id: string; version: number; stage: string; model: { name: string } }[];
  createdAt: string;
  updatedAt: string;
  statisticsComputedAt: string | null;
  statistics: Record<string, number | null> | null;
  categories: { value: string | null; count: number }[];
  monitoring: {
    day: string;
    rows: number;
    missingShare: number | null;
    summary: { mean: number | null; median: number | null; p25: number; p75: number } | null;
    outliers: { method: string; share: number }[];
  }[];
  history: { at: string; actor: string; action: string; detail: Record<string, unknown> }[];
}

/** One feature, for people in blocks, with --json as one line. */
export function printFeature(feature: FeatureDetail, output: Output): void {
  if (output.json) {
    output.line(JSON.stringify(feature));
    return;
  }
  const blocks = [
    fields(feature),
    values(feature),
    trend(feature),
    history(feature),
    feature.sql,
  ].filter((block) => block !== '');
  output.line(blocks.join('\n\n'));
}

function fields(feature: FeatureDetail): string {
  const unit = feature.unit === null ? '' : `, in ${feature.unit}`;
  const rows = [
    [`${feature.name}@${feature.version}`, `${feature.status}: ${feature.description}`],
    ['meaning', feature.businessMeaning ?? '–'],
    ['type', `${feature.type} (${feature.dataType}${unit})`],
    ['owner', feature.owner],
    ['tags', feature.tags.join(' ')],
    ['source', feature.source.join(' ')],
    ['lineage', feature.lineage.join(' ')],
    ['refers to', feature.dependencies.map((each) => `${each.name}@${each.version}`).join(' ')],
    ['used by', feature.usedBy.map(versionText).join(', ')],
    ['created', feature.createdAt],
    ['updated', feature.updatedAt],
    ['definition', JSON.stringify(feature.definition)],
  ];
  const width = Math.max(...rows.map(([title = '']) => title.length));
  return rows
    .filter(([, value]) => value !== '')
    .map(([title = '', value = '']) => `${title.padEnd(width)}  ${value}`)
    .join('\n');
}

function versionText({ model, version, stage }: FeatureDetail['usedBy'][number]): string {
  return `${model.name}, version ${version} (${stage})`;
}

function values({ statistics, categories, statisticsComputedAt }: FeatureDetail): string {
  const when = statisticsComputedAt ?? 'now, of a sample';
  if (statistics)
    return `values (${when})\n${table(Object.keys(statistics), [
      Object.values(statistics).map(figure),
    ])}`;
  if (categories.length === 0) return '';
  const rows = categories.slice(0, 10).map(({ value, count }) => [value ?? '–', figure(count)]);
  return `values (${when})\n${table(['value', 'customers'], rows)}`;
}

function trend({ monitoring }: FeatureDetail): string {
  if (monitoring.length === 0) return '';
  const share = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : `${(value * 100).toFixed(2)}%`;
  return table(
    ['day', 'customers', 'missing', 'mean', 'median', 'outliers (IQR)', '(3 sigma)'],
    monitoring.map((day) => [
      ...[day.day, figure(day.rows), share(day.missingShare)],
      ...[figure(day.summary?.mean), figure(day.summary?.median)],
      ...['IQR_1_5', 'SIGMA_3'].map((method) =>
        share(day.outliers.find((each) => each.method === method)?.share),
      ),
    ]),
  );
}

function history(feature: FeatureDetail): string {
  return table(
    ['when', 'who', 'what', 'detail'],
    feature.history.map(({ at, actor, action, detail }) => [
      ...[at, actor, action],
      JSON.stringify(detail),
    ]),
  );
}
