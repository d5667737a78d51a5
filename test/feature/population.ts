import type { EventRow } from '../../src/event/event.js';
import type { Random } from '../../src/kernel/random.js';
import type { UserRow } from '../../src/user/user.js';

const TYPES = [
  'purchase',
  'page_view',
  'session_start',
  'session_end',
  'ticket',
  'ticket_resolved',
  'ticket_rated',
  'login',
];
const BORDERS = [7, 30, 60, 90, 0];
const DAY = 86_400_000;

/** Random events around `asOf` (a fifth of them at or after it), some at round borders, some without a value. */
export function randomEvents(random: Random, users: number, count: number, asOf: Date): EventRow[] {
  return Array.from({ length: count }, (_, i) => {
    const type = TYPES[random.int(TYPES.length)] ?? 'login';
    // every tenth lies on a window border, to the millisecond or one beside it
    const border = BORDERS[random.int(BORDERS.length)] ?? 0;
    const ms =
      random.int(10) === 0
        ? asOf.getTime() - border * DAY + random.int(3) - 1
        : asOf.getTime() + Math.floor((random.next() - 0.8) * 200 * DAY);
    return {
      source: random.int(2) ? 'shop' : 'crm',
      id: `e${i}`,
      // a power: some users have many events, some none
      user: `u${Math.floor(random.next() ** 2 * users)}`,
      type,
      at: new Date(ms),
      value: random.int(8) === 0 ? null : Math.round(random.next() * 1e5) / 100,
      properties: propertiesOf(random, type),
      device: random.int(3) === 0 ? null : `d${random.int(users)}`,
    };
  });
}

function propertiesOf(random: Random, type: string): Record<string, unknown> | null {
  if (random.int(4) === 0) return null;
  if (type === 'purchase') return { quantity: random.int(9) === 0 ? 'many' : 1 + random.int(5) };
  if (type === 'ticket')
    return {
      issue_type: ['billing', 'delivery', 7, '7', null][random.int(5)],
      resolution_hours: random.int(72),
    };
  return null;
}

/** Profiles with holes. */
export function randomUsers(random: Random, users: number, asOf: Date): UserRow[] {
  return Array.from({ length: users }, (_, i) => ({
    externalId: `u${i}`,
    registeredAt:
      random.int(5) === 0 ? null : new Date(asOf.getTime() + (random.next() - 0.9) * 400 * DAY),
    attributes: {
      ...(random.int(5) ? { age: 18 + random.int(60) } : {}),
      ...(random.int(5) ? { gender: random.int(2) ? 'female' : 'male' } : { gender: '' }),
      cityTier: 1 + random.int(3),
      membershipLevel: ['gold', 'silver', null][random.int(3)] ?? null,
    },
  }));
}
