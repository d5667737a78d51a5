import { perRequest, type RequestContext } from '../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import type { Event } from './event.js';
import type { EventsRequest, EventStore } from './event.store.js';

/** Events of one user; users asked with equal arguments in one tick are one statement. */
export type EventsLoader = LoaderByArguments<EventsRequest, number, Event[]>;

/** A loader for each set of arguments, kept for the request. */
export function eventsLoader(store: Pick<EventStore, 'latestOf'>): EventsLoader {
  return loaderByArguments(keyOf, (ids: readonly number[], request) =>
    store.latestOf(ids, request),
  );
}

function keyOf({ typeIds, since, until, after, limit }: EventsRequest): string {
  const behind = after ? `${after.at.getTime()} ${after.sourceId} ${after.key}` : '';
  return `${limit} ${until.getTime()} ${since?.getTime() ?? ''} ${typeIds?.join() ?? '*'} ${behind}`;
}

/** Ids of those event types that exist, looked up once a request however many users ask. */
export type TypeIdsLoader = (
  context: RequestContext,
  names: readonly string[],
) => Promise<readonly number[]>;

/** A per-request memory over Catalogue.knownIdsOf: an unknown name is asked of Postgres every time. */
export function typeIdsLoader(
  knownIdsOf: (names: readonly string[]) => Promise<Map<string, number>>,
): TypeIdsLoader {
  const memories = perRequest(() => new Map<string, Promise<readonly number[]>>());
  return (context, names) => {
    const memory = memories(context);
    const sorted = [...new Set(names)].sort();
    const key = JSON.stringify(sorted);
    let ids = memory.get(key);
    if (!ids) {
      ids = knownIdsOf(sorted).then((known) => [...known.values()]);
      memory.set(key, ids);
    }
    return ids;
  };
}
