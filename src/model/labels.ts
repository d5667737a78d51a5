/** Who counts, and what counts as not coming back. */
export interface BehaviourLabelQuery {
  asOf: Date;
  horizonDays: number;
  /** Any of these in [asOf, asOf + horizonDays) makes the label negative. */
  eventTypes: readonly string[];
  /** Known (registered or first seen) for at least this long before `asOf`. */
  minAgeDays: number;
  /** An event of `eventTypes` in this many days before `asOf`; null = any event before it will do. */
  activeWithinDays: number | null;
}

/** Labels in ascending user id. */
export interface Labels {
  userIds: number[];
  positive: boolean[];
  /** Instant each row's features are read at. */
  asOf: Date[];
  /** First event of any of these users; null when they have none. */
  dataFrom: Date | null;
}

/** Some of the rows, in the order of `rows`. */
export function labelsAt(
  { userIds, positive, asOf, dataFrom }: Labels,
  rows: readonly number[],
): Labels {
  const pick = <T>(values: readonly T[]): T[] => rows.flatMap((row) => values[row] ?? []);
  return { userIds: pick(userIds), positive: pick(positive), asOf: pick(asOf), dataFrom };
}
