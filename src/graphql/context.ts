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
  /** Holds the per-request loaders; a fresh `{}` a request, see `perRequest`. */
  loaderKey: LoaderKey;
}

/** Where the values of `perRequest` live. */
export type LoaderKey = Record<symbol, unknown>;

/** A per-request value (mostly a DataLoader), made on first use and dropped with the request. */
export function perRequest<T>(
  make: (context: RequestContext) => T,
): (context: RequestContext) => T {
  // on the key itself: a long-lived WeakMap would hold all that a request loaded through minor collections
  const slot = Symbol('per request');
  return (context) => {
    const held = context.loaderKey as Record<symbol, { value: T } | undefined>;
    return (held[slot] ??= { value: make(context) }).value;
  };
}

/** Work that must be done before the answer leaves, such as writing down who read what; the door awaits it. */
export const beforeAnswer = perRequest((): (() => Promise<void>)[] => []);

/** Does that work, all at once, also what it adds itself. @throws what any of it throws: the answer must not leave */
export async function workBeforeAnswer(context: RequestContext): Promise<void> {
  const work = beforeAnswer(context);
  while (work.length > 0) await Promise.all(work.splice(0).map((each) => each()));
}

/** The instant "now" of a request: one for all of its customers. */
export const liveAsOf = perRequest((context) => context.clock.now());
