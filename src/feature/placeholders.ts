import { numberArray } from '../plant/parameters.js';

/** What a compiled statement is run for. */
export interface Run {
  users: readonly number[] | 'everyone';
  asOf: Date;
  /** Ids of the event types that the definitions name. */
  typeIds: ReadonlyMap<string, number>;
}

const DAY_MS = 86_400_000;

/**
 * Placeholders of a statement whose values are known only when it runs. The same thing asked twice is the
 * same placeholder, so that equal aggregates have equal text.
 */
export interface Placeholders {
  users: () => string;
  asOf: () => string;
  daysBefore: (days: number) => string;
  typeId: (name: string) => string;
  typeIds: (names: readonly string[]) => string;
  constant: (value: unknown, type: string) => string;
  /** The values for a run, in order. */
  valuesFor: (run: Run) => unknown[];
  /** What each placeholder stands for, for people. */
  legend: () => string[];
}

/** An empty set of placeholders. */
export function placeholders(): Placeholders {
  const known = new Map<string, string>();
  const makers: ((run: Run) => unknown)[] = [];
  const meanings: string[] = [];
  const place = (meaning: string, type: string, make: (run: Run) => unknown): string => {
    const key = `${type} ${meaning}`;
    let text = known.get(key);
    if (text === undefined) {
      makers.push(make);
      text = `$${makers.length}::${type}`;
      meanings.push(`$${makers.length} = ${meaning}`);
      known.set(key, text);
    }
    return text;
  };
  // Postgres compares an unknown type id with nothing; 0 is never given out
  const idOf = (run: Run, name: string): number => run.typeIds.get(name) ?? 0;
  return {
    users: () =>
      place('ids of the users', 'bigint[]', ({ users }) =>
        users === 'everyone' ? '{}' : numberArray(users),
      ),
    asOf: () => place('as of', 'timestamptz', ({ asOf }) => asOf),
    daysBefore: (days) =>
      place(
        `as of - ${days} d`,
        'timestamptz',
        ({ asOf }) => new Date(asOf.getTime() - days * DAY_MS),
      ),
    typeId: (name) => place(`event type ${JSON.stringify(name)}`, 'int2', (run) => idOf(run, name)),
    typeIds: (names) => {
      const sorted = [...new Set(names)].sort();
      return place(`event types ${JSON.stringify(sorted)}`, 'int2[]', (run) =>
        numberArray(sorted.map((name) => idOf(run, name))),
      );
    },
    constant: (value, type) => place(JSON.stringify(value), type, () => value),
    valuesFor: (run) => makers.map((make) => make(run)),
    legend: () => meanings,
  };
}
