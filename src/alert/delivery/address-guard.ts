import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** What may be connected to. */
export interface AddressGuard {
  /** Whether an IPv4 or IPv6 address, as text, may be connected to. */
  allows(address: string): boolean;
  /** For `http.request`: resolves a name and leaves only addresses that are allowed. */
  lookup: LookupFunction;
}

/** The receiver's address is one that webhooks must not reach. */
export class ForbiddenAddressError extends Error {
  override name = 'ForbiddenAddressError';
  constructor(host: string, address: string) {
    super(
      `${host === address ? host : `${host} (${address})`} is not a public address: name its network in AUGURY_WEBHOOK_NETWORKS if it may be reached`,
    );
  }
}

/** Not public: IANA's special-purpose registries (RFC 6890), multicast, and Azure's host, which is public by number only. */
const NOT_PUBLIC_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Within 2000::/3; everything outside of it (loopback, mapped, NAT64, local, multicast) is not public anyway. */
const NOT_PUBLIC_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/**
 * Allows public addresses and those inside `networks` (`address/bits`). A name is resolved and checked in one step, by
 * the connection itself, so a name that answers differently the next time gets nowhere.
 */
export function addressGuard(
  networks: readonly string[],
  resolveName: typeof resolve = resolve,
): AddressGuard {
  const allowed = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    allowed.addSubnet(address, Number(bits), familyOf(address));
  }
  const blocked = new BlockList();
  for (const [address, bits] of NOT_PUBLIC_IPV4) blocked.addSubnet(address, bits, 'ipv4');
  for (const [address, bits] of NOT_PUBLIC_IPV6) blocked.addSubnet(address, bits, 'ipv6');
  const global = new BlockList();
  global.addSubnet('2000::', 3, 'ipv6');

  const allows = (address: string): boolean => {
    const version = isIP(address);
    if (version === 0 || address.includes('%')) return false;
    const family = familyOf(address);
    if (allowed.check(address, family)) return true;
    if (family === 'ipv6' && !global.check(address, family)) return false;
    return !blocked.check(address, family);
  };
  return { allows, lookup: guardedLookup(allows, resolveName) };
}

function guardedLookup(
  allows: (address: string) => boolean,
  resolveName: typeof resolve,
): LookupFunction {
  return (host, options, callback) => {
    const answer = (error: Error | null, addresses: LookupAddress[] = []): void => {
      const usable = addresses.filter(({ address }) => allows(address));
      const [chosen] = usable;
      const [first] = addresses;
      if (error) callback(error, '', 0);
      else if (!first) callback(new Error(`${host} has no address`), '', 0);
      else if (!chosen) callback(new ForbiddenAddressError(host, first.address), '', 0);
      else if (options.all === true) callback(null, usable);
      else callback(null, chosen.address, chosen.family);
    };
    resolveName(host, { ...options, all: true }, answer);
  };
}
