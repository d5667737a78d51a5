import { unreachable } from '../kernel/id.js';
import { aggregateOf } from './compile-aggregate.js';
import { expressionSql } from './compile-expression.js';
import { scansOver, type Access, type Scans } from './compile-scan.js';
import { NUMBER_LAYERS, attributeSql, numberSteps } from './compile-attribute.js';
import { kindOf, type BucketDefinition } from './definition.js';
import { pickVersion, type FeatureDefinition } from './feature.js';
import { FIRST_EVENT_DEFINITION, peopleColumns, peopleSql, type PeopleAsked } from './people.js';
import { placeholders, type Instants, type Placeholders, type Run } from './placeholders.js';

/** One statement for any set of features. */
export interface CompiledFeatures {
  /** One row of arrays in binary (array_send): `position` (1-based in the list; the id for everyone), then one a feature. */
  text: string;
  valuesFor: (run: Run) => unknown[];
  /** Alias of each feature's array and whether it holds text. */
  columns: { name: string; alias: string; text: boolean }[];
  legend: () => string[];
}

/** What is compiled beside the features. */
export interface Form {
  access: Access;
  /** Every customer; else a list of ids. */
  everyone: boolean;
  /** Of everyone, those in a stretch of ids; default false. */
  stretch?: boolean;
  /** `own` only for a list that is read user by user. */
  instants: Instants;
  /** Also what is known of the customers themselves, see `People`. */
  people: PeopleAsked;
}

/**
 * Compiles features to ONE statement with one scan of the events (a second one where properties or
 * devices are read; see scansOver).
 * Everything from a definition is a placeholder; aliases are generated. Events count only with
 * `at < asOf`, windows are [asOf - days, asOf). The same formulas serve a single user, a training table
 * and everyone.
 */
export function compileFeatures(
  features: readonly FeatureDefinition[],
  form: Form,
): CompiledFeatures {
  const { access, everyone, people, stretch = false } = form;
  const at = placeholders(form.instants);
  const order = dependencyOrder(features);
  const scans = scansOver({ access, everyone, stretch }, at);
  const aliasOf = new Map<FeatureDefinition, string>();
  const layers: { alias: string; sql: string }[][] = [[]];
  const layerOf = new Map<FeatureDefinition, number>();
  const put = (layer: number, alias: string, sql: string): void => {
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push({ alias, sql });
  };
  order.forEach((feature, index) => {
    const { definition, dependencies } = feature;
    const alias = `f${index}`;
    let layer = Math.max(0, ...dependencies.map((of) => 1 + (layerOf.get(of) ?? 0)));
    let sql: string;
    if (definition.kind === 'attribute' && definition.as === 'number') {
      const steps = numberSteps(at.constant(definition.name, 'text'), index);
      steps.inner.forEach((step, depth) => {
        put(depth, step.alias, step.sql);
      });
      layer = NUMBER_LAYERS;
      sql = steps.value;
    } else sql = valueSql(feature, aliasOf, scans, at);
    aliasOf.set(feature, alias);
    layerOf.set(feature, layer);
    put(layer, alias, sql);
  });

  const [base = [], ...rest] = layers;
  base.push(...peopleSql(people, () => scans.valueOf(aggregateOf(FIRST_EVENT_DEFINITION, at))));
  const profile = people !== false || order.some(readsProfile);
  const source = sourceSql(scans, everyone, profile, at);
  const select = (columns: readonly { alias: string; sql: string }[]): string =>
    columns.map(({ alias, sql }) => `, ${sql} as ${alias}`).join('');
  let rows = `select ${everyone ? 'c.id' : 'u.position'} as position${select(base)} from ${source}`;
  if (stretch) rows += ` where ${at.inStretch('c.id')}`;
  // offset 0 keeps Postgres from folding the layers together and computing shared parts many times
  for (const layer of rest) rows = `select l.*${select(layer)} from (${rows} offset 0) l`;

  const columns = [
    ...features.map((feature) => ({
      name: feature.name,
      alias: aliasOf.get(feature) ?? '',
      text: kindOf(feature.definition) === 'text',
    })),
    ...peopleColumns(people),
  ];
  const arrays = columns
    .map(({ alias }) => `, array_send(array_agg(${alias})) as ${alias}`)
    .join('');
  return {
    text: `select array_send(array_agg(position)) as position${arrays} from (${rows}) r`,
    valuesFor: (run) => at.valuesFor(run),
    columns,
    legend: () => at.legend(),
  };
}

/** Whether it needs the row of the customer, not only the events. */
function readsProfile({ definition }: FeatureDefinition): boolean {
  return (
    definition.kind === 'attribute' ||
    (definition.kind === 'daysSince' && definition.of === 'registration')
  );
}

/** Every feature needed, dependencies first, each once. */
function dependencyOrder(features: readonly FeatureDefinition[]): FeatureDefinition[] {
  const seen = new Set<FeatureDefinition>();
  const visit = (feature: FeatureDefinition): void => {
    if (seen.has(feature)) return;
    feature.dependencies.forEach(visit);
    seen.add(feature);
  };
  features.forEach(visit);
  return [...seen];
}

function valueSql(
  feature: FeatureDefinition,
  aliasOf: ReadonlyMap<FeatureDefinition, string>,
  scans: Scans,
  at: Placeholders,
): string {
  const { definition } = feature;
  const columnOf = (name: string, version: number | undefined): string => {
    const versions = feature.dependencies.filter((dependency) => dependency.name === name);
    const target = pickVersion(versions, version);
    return `l.${(target && aliasOf.get(target)) ?? 'null'}`;
  };
  switch (definition.kind) {
    case 'attribute':
      return attributeSql(definition.as, at.constant(definition.name, 'text'));
    case 'expression':
      return expressionSql(definition.expression, columnOf, at);
    case 'bucket':
      return bucketSql(definition, columnOf(definition.of.feature, definition.of.version), at);
    case 'daysSince':
      if (definition.of === 'registration') {
        const asOf = at.asOf();
        return `case when c.registered_at < ${asOf} then date_part('epoch', ${asOf} - c.registered_at) / 86400 end`;
      }
      return scans.valueOf(aggregateOf(definition, at));
    case 'events':
    case 'instant':
      return scans.valueOf(aggregateOf(definition, at));
    default:
      return unreachable(definition);
  }
}

/** width_bucket counts the bounds at or below a number: 0 below the first one, where labels start at 1. */
function bucketSql({ bounds, labels }: BucketDefinition, column: string, at: Placeholders): string {
  const type = typeof labels[0] === 'number' ? 'float8[]' : 'text[]';
  return `(${at.constant(labels, type)})[1 + width_bucket(${column}, ${at.constant(bounds, 'float8[]')})]`;
}

function sourceSql(scans: Scans, everyone: boolean, profile: boolean, at: Placeholders): string {
  const joins = scans.joins(everyone ? 'c.id' : 'u.id');
  const users = everyone
    ? 'customer c'
    : `${at.listed()}${profile ? ' left join customer c on c.id = u.id' : ''}`;
  return [users, ...joins].join(' ');
}
