import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { numberArray, textArray } from '../plant/parameters.js';

/** Customers with an id over `after` up to `until`. */
export interface Stretch {
  after: number;
  until: number;
}

/** What a compiled statement is run for. */
export interface Run {
  users: readonly number[] | 'everyone' | Stretch;
  /** One for all, or one for each user. */
  asOf: Date | readonly Date[];
  /** Ids of the event types that the definitions name. */
  typeIds: ReadonlyMap<string, number>;
}

/**
 * Placeholders of a statement whose values are known only when it runs. The same thing asked twice is the
 * same placeholder, so that equal aggregates have equal text.
 */
export interface Placeholders {
  users: () => string;
  /** The listed users as a row source `u(id, …, position)`; call it last, when all instants are known. */
  listed: () => string;
  /** The condition that an id lies in the stretch asked for. */
  inStretch: (id: string) => string;
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

/** Whether all users of a statement share one instant, or each comes with its own. */
export type Instants = 'shared' | 'own';

/** An empty set of placeholders. */
export function placeholders(instants: Instants): Placeholders {
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
  // instants of their own are columns of `u`, counted here so that no row costs interval arithmetic
  const columns = new Map<number, string>();
  const instant = (days: number, meaning: string): string => {
    if (instants === 'shared')
      return place(meaning, 'timestamptz', ({ asOf }) => before(single(asOf), days));
    let column = columns.get(days);
    if (column === undefined) columns.set(days, (column = `t${columns.size}`));
    return `u.${column}`;
  };
  const users = (): string => {
    const ids = place('ids of the users', 'bigint[]', (run) =>
      isList(run.users) ? numberArray(run.users) : '{}',
    );
    // the planner cannot see how long the list is: custom plans then cost what the generic one costs, and a
    // prepared statement is planned once. Over a year of partitions planning takes longer than to read one user.
    return `(select ${ids})::bigint[]`;
  };
  // Postgres compares an unknown type id with nothing; 0 is never given out
  const idOf = (run: Run, name: string): number => run.typeIds.get(name) ?? 0;
  return {
    users,
    listed: () => {
      const arrays = [...columns].map(([days]) =>
        place(`each user's as of - ${days} d`, 'timestamptz[]', ({ asOf }) =>
          textArray(each(asOf).map((at) => before(at, days).toISOString())),
        ),
      );
      const names = ['id', ...columns.values(), 'position'].join(', ');
      return `unnest(${[users(), ...arrays].join(', ')}) with ordinality as u(${names})`;
    },
    inStretch: (id) => {
      const after = place('id after which the stretch begins', 'bigint', (run) =>
        border(run, 'after'),
      );
      const until = place('last id of the stretch', 'bigint', (run) => border(run, 'until'));
      return `${id} > ${after} and ${id} <= ${until}`;
    },
    asOf: () => instant(0, 'as of'),
    daysBefore: (days) => instant(days, `as of - ${days} d`),
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

function isList(users: Run['users']): users is readonly number[] {
  return Array.isArray(users);
}

function border({ users }: Run, which: keyof Stretch): number {
  if (typeof users === 'object' && which in users) return (users as Stretch)[which];
  throw new AppError('INTERNAL', 'a statement of a stretch was given no stretch');
}

function before(at: Date, days: number): Date {
  return new Date(at.getTime() - days * DAY_MS);
}

function single(asOf: Run['asOf']): Date {
  if (asOf instanceof Date) return asOf;
  throw new AppError('INTERNAL', 'a statement with one instant was given many');
}

function each(asOf: Run['asOf']): readonly Date[] {
  if (!(asOf instanceof Date)) return asOf;
  throw new AppError('INTERNAL', 'a statement with an instant for each user was given one');
}
