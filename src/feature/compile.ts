import { unreachable } from '../kernel/id.js';
import { aggregateOf, type Aggregate } from './compile-aggregate.js';
import { expressionSql } from './compile-expression.js';
import { jsonNumber, typeCondition } from './compile-scope.js';
import { kindOf, type BucketDefinition } from './definition.js';
import { pickVersion, type FeatureDefinition } from './feature.js';
import { FIRST_EVENT_DEFINITION, peopleColumns, peopleSql, type PeopleAsked } from './people.js';
import { placeholders, type Instants, type Placeholders, type Run } from './placeholders.js';

/** How the statement goes through the events: user by user, or all of them grouped. */
export type Access = 'byUser' | 'grouped';

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
  /** `own` only for a list that is read user by user. */
  instants: Instants;
  /** Also what is known of the customers themselves, see `People`. */
  people: PeopleAsked;
}

interface Scan {
  alias: string;
  aggregates: Map<string, { alias: string; aggregate: Aggregate }>;
}

/**
 * Compiles features to ONE statement with one scan of the events (a second one where properties or
 * devices are read).
 * Everything from a definition is a placeholder; aliases are generated. Events count only with
 * `at < asOf`, windows are [asOf - days, asOf). The same formulas serve a single user, a training table
 * and everyone.
 */
export function compileFeatures(
  features: readonly FeatureDefinition[],
  form: Form,
): CompiledFeatures {
  const { access, everyone, people } = form;
  const at = placeholders(form.instants);
  const order = dependencyOrder(features);
  const scans = { index: scanOf('s0'), heap: scanOf('s1') };
  const aliasOf = new Map<FeatureDefinition, string>();
  const layers: { alias: string; sql: string }[][] = [[]];
  const layerOf = new Map<FeatureDefinition, number>();
  order.forEach((feature, index) => {
    const layer = feature.dependencies.length
      ? 1 + Math.max(...feature.dependencies.map((dependency) => layerOf.get(dependency) ?? 0))
      : 0;
    const alias = `f${index}`;
    aliasOf.set(feature, alias);
    layerOf.set(feature, layer);
    (layers[layer] ??= []).push({ alias, sql: valueSql(feature, aliasOf, scans, at) });
  });

  const [base = [], ...rest] = layers;
  base.push(...peopleSql(people, () => inScan(aggregateOf(FIRST_EVENT_DEFINITION, at), scans)));
  const profile = people !== false || order.some(readsProfile);
  const source = sourceSql(scans, access, everyone, profile, at);
  const select = (columns: readonly { alias: string; sql: string }[]): string =>
    columns.map(({ alias, sql }) => `, ${sql} as ${alias}`).join('');
  let rows = `select ${everyone ? 'c.id' : 'u.position'} as position${select(base)} from ${source}`;
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

function scanOf(alias: string): Scan {
  return { alias, aggregates: new Map() };
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
  scans: { index: Scan; heap: Scan },
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
      return inScan(aggregateOf(definition, at), scans);
    case 'events':
    case 'instant':
      return inScan(aggregateOf(definition, at), scans);
    default:
      return unreachable(definition);
  }
}

function attributeSql(as: 'number' | 'text' | 'boolean', name: string): string {
  switch (as) {
    case 'number':
      return jsonNumber('c.attributes', name);
    case 'text':
      return `nullif(c.attributes ->> ${name}, '')`;
    case 'boolean':
      return `(case when jsonb_typeof(c.attributes -> ${name}) = 'boolean' then (c.attributes -> ${name})::bool::int::float8 end)`;
  }
}

/** width_bucket counts the bounds at or below a number: 0 below the first one, where labels start at 1. */
function bucketSql({ bounds, labels }: BucketDefinition, column: string, at: Placeholders): string {
  const type = typeof labels[0] === 'number' ? 'float8[]' : 'text[]';
  return `(${at.constant(labels, type)})[1 + width_bucket(${column}, ${at.constant(bounds, 'float8[]')})]`;
}

/** Equal aggregates share one column of the scan. */
function inScan(aggregate: Aggregate, scans: { index: Scan; heap: Scan }): string {
  const scan = aggregate.readsRow ? scans.heap : scans.index;
  let known = scan.aggregates.get(aggregate.sql);
  if (!known) {
    known = { alias: `a${scan.aggregates.size}`, aggregate };
    scan.aggregates.set(aggregate.sql, known);
  }
  return aggregate.valueOf(`${scan.alias}.${known.alias}`);
}

function sourceSql(
  scans: { index: Scan; heap: Scan },
  access: Access,
  everyone: boolean,
  profile: boolean,
  at: Placeholders,
): string {
  const used = [scans.index, scans.heap].filter((scan) => scan.aggregates.size > 0);
  const id = everyone ? 'c.id' : 'u.id';
  const joins = used.map((scan) => joinSql(scan, id, access, everyone, at));
  const users = everyone
    ? 'customer c'
    : `${at.listed()}${profile ? ' left join customer c on c.id = u.id' : ''}`;
  return [users, ...joins].join(' ');
}

function joinSql(
  scan: Scan,
  id: string,
  access: Access,
  everyone: boolean,
  at: Placeholders,
): string {
  const entries = [...scan.aggregates.values()];
  const calls = entries.map(({ alias, aggregate }) => `${aggregate.sql} as ${alias}`).join(', ');
  const bounds = boundsOf(
    entries.map(({ aggregate }) => aggregate),
    at,
  );
  if (access === 'byUser')
    return `cross join lateral (select ${calls} from event e where e.user_id = ${id} and ${bounds}) ${scan.alias}`;
  const mine = everyone ? '' : ` and e.user_id = any(${at.users()})`;
  return `left join (select e.user_id, ${calls} from event e where ${bounds}${mine} group by e.user_id) ${scan.alias} on ${scan.alias}.user_id = ${id}`;
}

/** What every aggregate of the scan has in common: the widest window, the latest end, the union of the types. */
function boundsOf(aggregates: readonly Aggregate[], at: Placeholders): string {
  const latest = Math.min(...aggregates.map(({ scope }) => scope.offsetDays ?? 0));
  const conditions = [`e.at < ${latest > 0 ? at.daysBefore(latest) : at.asOf()}`];
  const widest = Math.max(
    ...aggregates.map(({ scope }) => (scope.windowDays ?? Infinity) + (scope.offsetDays ?? 0)),
  );
  if (widest < Infinity) conditions.push(`e.at >= ${at.daysBefore(widest)}`);
  const types = aggregates.map(({ scope }) => scope.types);
  if (types.every((list) => list !== undefined))
    conditions.push(typeCondition([...new Set(types.flat())].sort(), at));
  return conditions.join(' and ');
}
