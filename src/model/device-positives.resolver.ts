import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { DeviceType } from '../device/device.type.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { LinkedPositivesType } from './device-positives.type.js';
import type { LinkedPositives } from './outcome.js';

export interface DevicePositivesDeps {
  positivesOf: (
    deviceIds: readonly number[],
    model: string,
    asOf: Date,
  ) => Promise<(LinkedPositives | null)[]>;
}

type PositivesLoader = DataLoader<number, LinkedPositives | null>;

/** One default per request, so that all devices of a list share one loader. */
const liveAsOf = perRequest((context) => context.clock.now());

/** The field of a device that points to labels: customers linked with fraud, by the outcomes of a model. */
@Resolver(() => DeviceType)
export class DevicePositivesResolver {
  private readonly loaders = perRequest(() => new Map<string, PositivesLoader>());

  constructor(private readonly deps: DevicePositivesDeps) {}

  @FieldResolver(() => LinkedPositivesType, {
    nullable: true,
    description:
      'Customers seen with the device before `asOf`, by their latest outcome of the model; null when no model has the name. For a list of devices one statement in all.',
  })
  linkedPositives(
    @Ctx() context: RequestContext,
    @Root() device: DeviceType,
    @Arg('model', () => String, { description: 'Name of the model, for example fraud.' })
    model: string,
    @Arg('asOf', () => DateTime, { nullable: true, description: 'Default now.' })
    asOf: Date | null,
  ): Promise<LinkedPositivesType | null> {
    authorise(context, 'model:read');
    return this.loader(context, model, asOf ?? liveAsOf(context)).load(device.deviceId);
  }

  private loader(context: RequestContext, model: string, asOf: Date): PositivesLoader {
    const loaders = this.loaders(context);
    const key = `${asOf.getTime()} ${model}`;
    let loader = loaders.get(key);
    if (!loader) {
      loader = new DataLoader((ids: readonly number[]) => this.deps.positivesOf(ids, model, asOf));
      loaders.set(key, loader);
    }
    return loader;
  }
}
