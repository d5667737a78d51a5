import { jsonNumber } from './compile-scope.js';

/** Layers below the one that holds the number of an attribute. */
export const NUMBER_LAYERS = 2;

/**
 * The same as `jsonNumber` of a profile, over layers of the statement, so that no part is computed twice: over
 * everyone that halves the cost. Most numbers have few decimals, and rounding pads those with zeros that then have
 * to be parsed.
 * @param name placeholder of the attribute's name
 * @param index of the feature; the inner columns are named after it
 */
export function numberSteps(
  name: string,
  index: number,
): { inner: { alias: string; sql: string }[]; value: string } {
  const json = `j${index}`;
  const number = `n${index}`;
  return {
    inner: [
      { alias: json, sql: `c.attributes -> ${name}` },
      {
        alias: number,
        sql: `(case when jsonb_typeof(l.${json}) = 'number' then l.${json}::numeric end)`,
      },
    ],
    value: `(case when l.${number} between -1e15 and 1e15 then case when scale(l.${number}) <= 15 then l.${number} else round(l.${number}, 15) end::float8 end)`,
  };
}

/** The value of an attribute in one expression. */
export function attributeSql(as: 'number' | 'text' | 'boolean', name: string): string {
  switch (as) {
    case 'number':
      return jsonNumber('c.attributes', name);
    case 'text':
      return `nullif(c.attributes ->> ${name}, '')`;
    case 'boolean':
      return `(case when jsonb_typeof(c.attributes -> ${name}) = 'boolean' then (c.attributes -> ${name})::bool::int::float8 end)`;
  }
}
