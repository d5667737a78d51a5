import { weightedIndex, type Uniform } from '../numeric/random-variates.js';
import type { Profile } from './profile.js';

/** A device of the demo. */
export interface DemoDevice {
  key: string;
  type: string;
  osVersion: string;
}

const SYSTEMS: Readonly<Record<string, readonly string[]>> = {
  mobile: ['Android 14', 'Android 15', 'iOS 17.5', 'iOS 18.1'],
  desktop: ['Windows 11', 'macOS 14.6', 'Ubuntu 24.04'],
  tablet: ['iPadOS 17.5', 'Android 13'],
};
const TYPES = ['mobile', 'desktop', 'tablet'] as const;
/** Customers with one, two and three devices of their own. */
const OWN = [0.6, 0.3, 0.1];
/** Share of customers who also use the first device of the customer before them. */
const SHARING = 0.04;

/**
 * The devices of a customer, the one used most first; a few share one with the customer before.
 * @param streamOf chance of a customer by index, of its own for devices
 */
export function devicesOf(
  profiles: readonly Profile[],
  index: number,
  streamOf: (index: number) => Uniform,
): DemoDevice[] {
  const next = streamOf(index);
  const own = ownDevices(next, profiles[index]);
  const before = profiles[index - 1];
  if (next() >= SHARING || !before) return own;
  return [...own, ...ownDevices(streamOf(index - 1), before).slice(0, 1)];
}

function ownDevices(next: Uniform, profile: Profile | undefined): DemoDevice[] {
  if (!profile) return [];
  const number = String(profile.index + 1).padStart(5, '0');
  return Array.from({ length: 1 + weightedIndex(next, OWN) }, (_, i) => {
    const drawn = TYPES[Math.floor(next() * TYPES.length)] ?? 'mobile';
    const type = i === 0 ? profile.device : drawn;
    const systems = SYSTEMS[type] ?? [];
    return {
      key: `demo-device-${number}-${i + 1}`,
      type,
      osVersion: systems[Math.floor(next() * systems.length)] ?? 'unknown',
    };
  });
}

/** Picks the device of a session: half of them, and half of what is left, and so on, on the first ones. */
export function pickDevice(next: Uniform, devices: readonly DemoDevice[]): string | null {
  const weights = devices.map((_, i) => 2 ** -i);
  return devices[weightedIndex(next, weights)]?.key ?? null;
}
