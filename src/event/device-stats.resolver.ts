import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { DeviceType } from '../device/device.type.js';
import { liveAsOf, type RequestContext } from '../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError } from '../kernel/error.js';
import type { DeviceActivity } from './device-activity.js';
import { DeviceStatsType, toDeviceStats } from './device-stats.type.js';

export interface DeviceStatsDeps {
  activityOf: (deviceIds: readonly number[], asOf: Date) => Promise<(DeviceActivity | null)[]>;
}

/** The field of a device that counts its events. */
@Resolver(() => DeviceType)
export class DeviceStatsResolver {
  private readonly activity: LoaderByArguments<Date, number, DeviceActivity | null>;

  constructor(deps: DeviceStatsDeps) {
    this.activity = loaderByArguments((asOf) => asOf.getTime(), deps.activityOf);
  }

  @FieldResolver(() => DeviceStatsType, {
    description: 'Figures of the device; for a list of devices one statement in all.',
  })
  async stats(
    @Ctx() context: RequestContext,
    @Root() device: DeviceType,
    @Arg('asOf', () => DateTime, { nullable: true, description: 'Default now.' })
    wanted: Date | null,
  ): Promise<DeviceStatsType> {
    const asOf = wanted ?? liveAsOf(context);
    const activity = await this.activity(context, asOf).load(device.deviceId);
    if (!activity) throw new AppError('NOT_FOUND', 'this device is no longer there');
    return toDeviceStats(activity, asOf);
  }
}
