import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { DeviceLoaders } from '../device/device-loaders.js';
import { DeviceType, toDeviceType } from '../device/device.type.js';
import type { RequestContext } from '../graphql/context.js';
import { EventType } from './event.type.js';

/** The device of an event. */
@Resolver(() => EventType)
export class EventDeviceResolver {
  constructor(private readonly loaders: Pick<DeviceLoaders, 'byId'>) {}

  @FieldResolver(() => DeviceType, {
    nullable: true,
    description:
      'The device it came from; null when none was named. For a list of events one statement in all.',
  })
  async device(
    @Ctx() context: RequestContext,
    @Root() event: EventType,
  ): Promise<DeviceType | null> {
    if (event.deviceId === null) return null;
    const device = await this.loaders.byId(context).load(event.deviceId);
    return device && toDeviceType(device, context.clock.now());
  }
}
