import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { DeviceType } from '../device/device.type.js';
import { authorise } from '../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
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

interface PositivesAsked {
  model: string;
  asOf: Date;
}

/** The field of a device that points to labels: customers linked with fraud, by the outcomes of a model. */
@Resolver(() => DeviceType)
export class DevicePositivesResolver {
  private readonly positives: LoaderByArguments<PositivesAsked, number, LinkedPositives | null>;

  constructor(deps: DevicePositivesDeps) {
    this.positives = loaderByArguments(
      ({ model, asOf }) => `${asOf.getTime()} ${model}`,
      (ids: readonly number[], { model, asOf }) => deps.positivesOf(ids, model, asOf),
    );
  }

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
    const asked = { model, asOf: asOf ?? liveAsOf(context) };
    return this.positives(context, asked).load(device.deviceId);
  }
}
