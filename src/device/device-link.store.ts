import { numberArray } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import type { User } from '../user/user.js';
import type { Device, Sighting } from './device.js';
import { DEVICE_COLUMNS, SEEN } from './device.store.js';

/** Which part of a list: `after` is the id of the last one before it, 0 for the beginning. */
export interface LinkRequest {
  after: number;
  limit: number;
}

export interface DeviceLinkStore {
  /** For each customer, in order: devices by id. One statement for all of them. */
  devicesOf: (
    userIds: readonly number[],
    request: LinkRequest,
  ) => Promise<{ of: Device; sighting: Sighting }[][]>;
  /** For each device, in order: customers by id. One statement for all of them. */
  usersOf: (
    deviceIds: readonly number[],
    request: LinkRequest,
  ) => Promise<{ of: User; sighting: Sighting }[][]>;
}

type Linked<T> = T & { owner: number; linkedFrom: Date; linkedTo: Date };

/**
 * Who was seen with which device. Both ways go in the order of ids: it stays the same while sightings move.
 * @param userColumns columns of `customer c` as a `User`
 */
export function deviceLinkStore(db: Sql, userColumns: string): DeviceLinkStore {
  return {
    devicesOf: async (userIds, { after, limit }) => {
      const rows = await db.query<Linked<Device>>(
        `${linked('user_id', 'device_id')}
         select p.owner, p."linkedFrom", p."linkedTo", ${DEVICE_COLUMNS}
         from p join device d on d.id = p.other ${SEEN} order by d.id`,
        [numberArray(userIds), after, limit],
        { name: 'devices_of_users' },
      );
      return grouped(userIds, rows);
    },
    usersOf: async (deviceIds, { after, limit }) => {
      const rows = await db.query<Linked<User>>(
        `${linked('device_id', 'user_id')}
         select p.owner, p."linkedFrom", p."linkedTo", ${userColumns}
         from p join customer c on c.id = p.other order by c.id`,
        [numberArray(deviceIds), after, limit],
        { name: 'users_of_devices' },
      );
      return grouped(deviceIds, rows);
    },
  };
}

function linked(owner: 'user_id' | 'device_id', other: 'user_id' | 'device_id'): string {
  return `with p as (
    select o.id as owner, l.* from unnest($1::int8[]) as o(id) cross join lateral (
      select ${other} as other, first_seen_at as "linkedFrom", last_seen_at as "linkedTo"
      from user_device where ${owner} = o.id and ${other} > $2::int8
      order by ${other} limit $3::int) l)`;
}

function grouped<T extends object>(
  owners: readonly number[],
  rows: readonly Linked<T>[],
): { of: T; sighting: Sighting }[][] {
  const byOwner = new Map<number, { of: T; sighting: Sighting }[]>(owners.map((id) => [id, []]));
  for (const row of rows)
    byOwner
      .get(row.owner)
      ?.push({ of: row, sighting: { firstSeenAt: row.linkedFrom, lastSeenAt: row.linkedTo } });
  return owners.map((id) => byOwner.get(id) ?? []);
}
