import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import type { User } from '../user/user.js';
import type { Device, Sighting } from './device.js';
import type { DeviceLinkStore, LinkRequest } from './device-link.store.js';
import type { DeviceStore } from './device.store.js';

type LinksLoader<T> = LoaderByArguments<LinkRequest, number, { of: T; sighting: Sighting }[]>;

/** Per-request look-ups of devices: many asked in one tick are one statement. */
export interface DeviceLoaders {
  byId: (context: RequestContext) => DataLoader<number, Device | null>;
  byKey: (context: RequestContext) => DataLoader<string, Device | null>;
  /** Devices of a customer; one statement for all customers asked with the same page. */
  ofUser: LinksLoader<Device>;
  /** Customers of a device; one statement for all devices asked with the same page. */
  usersOf: LinksLoader<User>;
}

/** Loaders over the stores; one object for the whole program, its caches live as long as a request. */
export function deviceLoaders(
  devices: Pick<DeviceStore, 'byIds' | 'byKeys'>,
  links: DeviceLinkStore,
): DeviceLoaders {
  return {
    byId: perRequest(() => new DataLoader(devices.byIds)),
    byKey: perRequest(() => new DataLoader(devices.byKeys)),
    ofUser: linksLoader(links.devicesOf),
    usersOf: linksLoader(links.usersOf),
  };
}

function linksLoader<T>(
  read: (
    ids: readonly number[],
    request: LinkRequest,
  ) => Promise<{ of: T; sighting: Sighting }[][]>,
): LinksLoader<T> {
  return loaderByArguments(({ after, limit }) => `${after} ${limit}`, read);
}
