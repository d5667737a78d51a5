import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { RejectedRowType, UserErrorType } from '../graphql/user-error.type.js';
import { DAY_MS } from '../kernel/clock.js';
import { encodeId } from '../kernel/id.js';
import { UserType } from '../user/user.type.js';
import type { Device } from './device.js';

@ObjectType('Device', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A phone, computer or browser that customers were seen with.',
})
export class DeviceType extends NodeInterface {
  /** Our own number, for the resolvers of this and other rooms; not in the graph. */
  deviceId!: number;

  @Field(() => String, { description: "The sender's id of the device; unique, 1..200 characters." })
  key!: string;
  @Field(() => String, {
    nullable: true,
    description: 'What it is: mobile, desktop …; null when no sender told.',
  })
  type!: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Operating system and version; null when no sender told.',
  })
  osVersion!: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Earliest instant that a sender or an event gave; null when none did.',
  })
  firstSeenAt!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Latest sighting of a customer with it; null when there was none.',
  })
  lastSeenAt!: Date | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Days from `firstSeenAt` to now, 0 or more; null when not seen by now.',
  })
  ageDays!: number | null;
  @Field(() => Int, { description: 'Customers that were ever seen with it.' })
  userCount!: number;
}

/** A device as the graph shows it, as of `now`. */
export function toDeviceType(device: Device, now: Date): DeviceType {
  const { firstSeenAt } = device;
  const age = firstSeenAt ? (now.getTime() - firstSeenAt.getTime()) / DAY_MS : -1;
  return {
    id: encodeId('Device', device.id),
    deviceId: device.id,
    key: device.key,
    type: device.type,
    osVersion: device.osVersion,
    firstSeenAt,
    lastSeenAt: device.lastSeenAt,
    ageDays: age < 0 ? null : age,
    userCount: device.userCount,
  };
}

@ObjectType('DeviceUserEdge', {
  simpleResolvers: true,
  description: 'A customer of a device, and when they were seen together.',
})
export class DeviceUserEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this customer.' })
  cursor!: string;
  @Field(() => UserType, { description: 'The customer.' })
  node!: UserType;
  @Field(() => DateTime, { description: 'First sighting of the customer with the device.' })
  firstSeenAt!: Date;
  @Field(() => DateTime, { description: 'Last sighting of the customer with the device.' })
  lastSeenAt!: Date;
}

@ObjectType('DeviceUserConnection', {
  simpleResolvers: true,
  description: 'A page of the customers of a device, in the order of their ids.',
})
export class DeviceUserConnectionType {
  @Field(() => [DeviceUserEdgeType], { description: 'The customers with their sightings.' })
  edges!: DeviceUserEdgeType[];
  @Field(() => [UserType], { description: 'The customers.' })
  nodes!: UserType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@ObjectType('UserDeviceEdge', {
  simpleResolvers: true,
  description: 'A device of a customer, and when they were seen together.',
})
export class UserDeviceEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this device.' })
  cursor!: string;
  @Field(() => DeviceType, { description: 'The device.' })
  node!: DeviceType;
  @Field(() => DateTime, { description: 'First sighting of the customer with the device.' })
  firstSeenAt!: Date;
  @Field(() => DateTime, { description: 'Last sighting of the customer with the device.' })
  lastSeenAt!: Date;
}

@ObjectType('UserDeviceConnection', {
  simpleResolvers: true,
  description: 'A page of the devices of a customer, in the order of their ids.',
})
export class UserDeviceConnectionType {
  @Field(() => [UserDeviceEdgeType], { description: 'The devices with their sightings.' })
  edges!: UserDeviceEdgeType[];
  @Field(() => [DeviceType], { description: 'The devices.' })
  nodes!: DeviceType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@InputType('DeviceInput', {
  description: 'A device to write. What is left out stays as it is.',
})
export class DeviceInput {
  @Field(() => ID, { description: "The sender's id of the device, 1..200 characters." })
  key!: string;
  @Field(() => String, {
    nullable: true,
    description: 'What it is, 1..100 characters; null clears it.',
  })
  type?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Operating system and version, 1..100 characters; null clears it.',
  })
  osVersion?: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      '1970 or later, at most 5 minutes ahead of now; the earliest instant ever given stands.',
  })
  firstSeenAt?: Date | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'External ids of at most 100 customers seen with it at `firstSeenAt`, which is needed then; an unknown one makes a new customer.',
  })
  users?: string[] | null;
}

@ObjectType('UpsertDevicesPayload', {
  simpleResolvers: true,
  description: 'What became of the rows; a row that changes nothing is in neither count.',
})
export class UpsertDevicesPayloadType {
  @Field(() => Int, { description: 'Devices that are new.' })
  created!: number;
  @Field(() => Int, { description: 'Devices that were changed, or seen with another customer.' })
  updated!: number;
  @Field(() => [RejectedRowType], { description: 'Rows that were not taken; all others were.' })
  rejected!: RejectedRowType[];
  @Field(() => [UserErrorType], { description: 'Why nothing was taken at all.' })
  userErrors!: UserErrorType[];
}
