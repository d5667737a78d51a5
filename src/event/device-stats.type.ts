import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';
import { DAY_MS } from '../kernel/clock.js';
import type { DeviceActivity } from './device-activity.js';

@ObjectType('DeviceStats', {
  simpleResolvers: true,
  description: 'What is known of a device from before an instant; nothing later counts.',
})
export class DeviceStatsType {
  @Field(() => DateTime, { description: 'What happened strictly before it counts.' })
  asOf!: Date;
  @Field(() => Int, { description: 'Customers first seen with the device before `asOf`.' })
  userCount!: number;
  @Field(() => Int, { description: 'Events on the device.' })
  events!: number;
  @Field(() => Int, { description: 'Events of the type purchase on the device.' })
  transactions!: number;
  @Field(() => Float, {
    description:
      'Events of the type session_start a day: over the days from the first to the last event on the device, at least one day; 0 without a session.',
  })
  sessionsPerDay!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Days from the first sighting to `asOf`; null when not seen before it.',
  })
  ageDays!: number | null;
}

/** The figures of a device as of an instant; a span below one day counts as one. */
export function toDeviceStats(activity: DeviceActivity, asOf: Date): DeviceStatsType {
  const { users, events, transactions, sessions, firstAt, firstEventAt, lastEventAt } = activity;
  const daysBetween = (from: Date | null, to: Date | null): number | null =>
    from && to ? (to.getTime() - from.getTime()) / DAY_MS : null;
  return {
    asOf,
    userCount: users,
    events,
    transactions,
    sessionsPerDay: sessions / Math.max(1, daysBetween(firstEventAt, lastEventAt) ?? 1),
    ageDays: daysBetween(firstAt, asOf),
  };
}
