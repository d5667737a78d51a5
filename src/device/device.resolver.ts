import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeNumberCursor, encodeCursor, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { tooManyRows } from '../graphql/rows-of-call.js';
import { AppError } from '../kernel/error.js';
import { decodeNumericId } from '../kernel/id.js';
import { toUserType, UserType } from '../user/user.type.js';
import type { DeviceRow, Sighting } from './device.js';
import type { DeviceLoaders } from './device-loaders.js';
import {
  DeviceInput,
  DeviceType,
  DeviceUserConnectionType,
  toDeviceType,
  UpsertDevicesPayloadType,
  UserDeviceConnectionType,
} from './device.type.js';
import type { UpsertDevicesResult } from './upsert-devices.js';

export interface DeviceResolverDeps {
  loaders: DeviceLoaders;
  upsertDevices: (rows: readonly DeviceRow[]) => Promise<UpsertDevicesResult>;
}

@Resolver(() => DeviceType)
export class DeviceResolver {
  constructor(private readonly deps: DeviceResolverDeps) {}

  @Query(() => DeviceType, {
    nullable: true,
    description: 'One device by exactly one of `id` and `key`; null when unknown.',
  })
  async device(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { nullable: true, description: 'Id in the graph, such as `Device:42`.' })
    id: string | null,
    @Arg('key', () => String, { nullable: true, description: "The sender's id of the device." })
    key: string | null,
  ): Promise<DeviceType | null> {
    authorise(context, 'user:read');
    const [wantedId, wantedKey] = [id ?? null, key ?? null];
    if ((wantedId === null) === (wantedKey === null))
      throw new AppError('INVALID', 'device needs exactly one of id and key');
    const { byId, byKey } = this.deps.loaders;
    const device = await (wantedId === null
      ? byKey(context).load(wantedKey ?? '')
      : byId(context).load(deviceIdOf(wantedId)));
    return device && toDeviceType(device, context.clock.now());
  }

  @Mutation(() => UpsertDevicesPayloadType, {
    description:
      'Writes devices and who was seen with them, at most 10,000 a call, each row by itself. Repeating a call changes nothing.',
  })
  async upsertDevices(
    @Ctx() context: RequestContext,
    @Arg('devices', () => [DeviceInput], { description: 'The rows.' }) devices: DeviceInput[],
  ): Promise<UpsertDevicesPayloadType> {
    authorise(context, 'user:write');
    const userErrors = tooManyRows('devices', devices);
    if (userErrors.length > 0) return { created: 0, updated: 0, rejected: [], userErrors };
    return { ...(await this.deps.upsertDevices(devices)), userErrors: [] };
  }

  @FieldResolver(() => DeviceUserConnectionType, {
    description:
      'Customers seen with the device; for a list of devices one statement in all. Needs the right to list customers.',
  })
  async users(
    @Ctx() context: RequestContext,
    @Root() device: DeviceType,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<DeviceUserConnectionType> {
    authorise(context, 'user:list');
    const first = pageSize(wanted);
    const request = { after: positionOf(after), limit: first + 1 };
    const rows = await this.deps.loaders.usersOf(context, request).load(device.deviceId);
    return connection(rows, first, (user) => toUserType(user, context.viewer));
  }
}

@Resolver(() => UserType)
export class UserDevicesResolver {
  constructor(private readonly deps: Pick<DeviceResolverDeps, 'loaders'>) {}

  @FieldResolver(() => UserDeviceConnectionType, {
    description:
      'Devices the customer was seen with; for a list of customers one statement in all.',
  })
  async devices(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<UserDeviceConnectionType> {
    const first = pageSize(wanted);
    const request = { after: positionOf(after), limit: first + 1 };
    const rows = await this.deps.loaders.ofUser(context, request).load(user.userId);
    const now = context.clock.now();
    return connection(rows, first, (device) => toDeviceType(device, now));
  }
}

function deviceIdOf(id: string): number {
  const deviceId = decodeNumericId('Device', id);
  if (deviceId !== null) return deviceId;
  throw new AppError('INVALID', `not the id of a device (Device:<number>): ${id.slice(0, 80)}`);
}

function positionOf(after: string | null | undefined): number {
  return typeof after === 'string' ? decodeNumberCursor(after) : 0;
}

/** A page of links, of which one more than `first` was read. */
function connection<T extends { id: number }, Node>(
  rows: readonly { of: T; sighting: Sighting }[],
  first: number,
  nodeOf: (of: T) => Node,
) {
  const edges = rows.slice(0, first).map(({ of, sighting }) => ({
    cursor: encodeCursor([of.id]),
    node: nodeOf(of),
    ...sighting,
  }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
