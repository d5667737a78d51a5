import type { Labels } from './labels.js';
import type { ModelSpec } from './model-spec.js';
import type { SliceColumn } from './train/training.js';

/** Values of profile attributes by name, each in the order of `userIds`; '' = unknown. */
export type AttributesOf = (
  userIds: readonly number[],
  names: readonly string[],
) => Promise<Map<string, string[]>>;

/** The dimension of every table: the month of the row's instant in UTC, as YYYY-MM. */
export const MONTH = 'month';

/**
 * What the rows of a training are cut by for judgement: their month, and the attributes that the spec names as
 * slices or for fairness. An attribute called `month` is told apart by its prefix.
 * @param attributesOf absent: no attributes
 */
export async function sliceColumns(
  attributesOf: AttributesOf | undefined,
  { slices, fairness }: Pick<ModelSpec, 'slices' | 'fairness'>,
  { userIds, asOf }: Pick<Labels, 'userIds' | 'asOf'>,
): Promise<SliceColumn[]> {
  const names = [...new Set([...slices, ...fairness])];
  const values = attributesOf && names.length > 0 ? await attributesOf(userIds, names) : new Map();
  const months = asOf.map((at) => at.toISOString().slice(0, 7));
  return [
    { dimension: MONTH, values: months, fairness: false },
    ...names.flatMap((name): SliceColumn[] => {
      const column = values.get(name) as string[] | undefined;
      const dimension = name === MONTH ? `attribute ${MONTH}` : name;
      return column ? [{ dimension, values: column, fairness: fairness.includes(name) }] : [];
    }),
  ];
}
