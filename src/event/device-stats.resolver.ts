import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { DeviceType } from '../device/device.type.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError } from '../kernel/error.js';
import type { DeviceActivity } from './device-activity.js';
import { DeviceStatsType, toDeviceStats } from './device-stats.type.js';

export interface DeviceStatsDeps {
  activityOf: (deviceIds: readonly number[], asOf: Date) => Promise<(DeviceActivity | null)[]>;
}

/** One default per request, so that all devices of a list share one loader. */
const liveAsOf = perRequest((context) => context.clock.now());

/** The field of a device that counts its events. */
@Resolver(() => DeviceType)
export class DeviceStatsResolver {
  private readonly loaders = perRequest(
    () => new Map<number, DataLoader<number, DeviceActivity | null>>(),
  );

  constructor(private readonly deps: DeviceStatsDeps) {}

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
    const activity = await this.loader(context, asOf).load(device.deviceId);
    if (!activity) throw new AppError('NOT_FOUND', 'this device is no longer there');
    return toDeviceStats(activity, asOf);
  }

  private loader(context: RequestContext, asOf: Date): DataLoader<number, DeviceActivity | null> {
    const byInstant = this.loaders(context);
    let loader = byInstant.get(asOf.getTime());
    if (!loader) {
      loader = new DataLoader((ids: readonly number[]) => this.deps.activityOf(ids, asOf));
      byInstant.set(asOf.getTime(), loader);
    }
    return loader;
  }
}
