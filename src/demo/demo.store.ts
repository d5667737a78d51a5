import type { Sql } from '../plant/ports.js';

/** What the demo asks of a database before it fills it. */
export interface DemoStore {
  /** True when there is neither a customer nor an event. */
  isEmpty(): Promise<boolean>;
  /** When the customer registered; null for an unknown one. */
  registeredAt(externalId: string): Promise<Date | null>;
  hasEvent(source: string, key: string): Promise<boolean>;
}

export function demoStore(db: Sql): DemoStore {
  const yes = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    (await db.query<{ yes: boolean }>(text, values))[0]?.yes ?? false;
  return {
    isEmpty: () =>
      yes('select not exists (select from customer) and not exists (select from event) as yes', []),
    async registeredAt(externalId) {
      const rows = await db.query<{ at: Date | null }>(
        'select registered_at as at from customer where external_id = $1',
        [externalId],
      );
      return rows[0]?.at ?? null;
    },
    hasEvent: (source, key) =>
      yes(
        `select exists (select from event where key = $2
           and source_id = (select id from event_source where name = $1)) as yes`,
        [source, key],
      ),
  };
}
