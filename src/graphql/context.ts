import type { Clock } from '../kernel/clock.js';
import type { Counts } from '../kernel/count.js';

export type RoleName = 'CRM' | 'ANALYST' | 'OPERATOR' | 'ADMIN';

/** Who asks. */
export interface Viewer {
  /** Credential id, for the audit trail. */
  id: string;
  name: string;
  role: RoleName;
}

/** One GraphQL operation (over WebSocket: one event of a subscription gets fresh loaders by `loaderKey`). */
export interface RequestContext {
  viewer: Viewer;
  requestId: string;
  signal: AbortSignal;
  clock: Clock;
  counts: Counts;
  /** Key of the WeakMaps that hold per-request loaders. */
  loaderKey: object;
}

/** A per-request value (mostly a DataLoader), made on first use and dropped with the request. */
export function perRequest<T>(
  make: (context: RequestContext) => T,
): (context: RequestContext) => T {
  const cache = new WeakMap<object, T>();
  return (context) => {
    let value = cache.get(context.loaderKey);
    if (value === undefined) {
      value = make(context);
      cache.set(context.loaderKey, value);
    }
    return value;
  };
}
