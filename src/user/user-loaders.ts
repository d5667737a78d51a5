import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { gather } from '../plant/gather.js';
import type { User } from './user.js';
import type { UserStore } from './user.store.js';

/** Per-request look-ups: many asked in one tick are one statement. */
export interface UserLoaders {
  byId: (context: RequestContext) => DataLoader<number, User | null>;
  byExternalId: (context: RequestContext) => DataLoader<string, User | null>;
}

/** Loaders over the store; one object for the whole program, its caches live as long as a request. */
export function userLoaders(store: Pick<UserStore, 'byIds' | 'byExternalIds'>): UserLoaders {
  const byIds = together(store.byIds);
  const byExternalIds = together(store.byExternalIds);
  return {
    byId: perRequest(() => new DataLoader(byIds)),
    byExternalId: perRequest(() => new DataLoader(byExternalIds)),
  };
}

/** Longer lists are a statement of their own. */
const LONGEST = 32;

/** One statement for the requests of the same moment; see `gather`. */
function together<K>(
  read: (keys: readonly K[]) => Promise<(User | null)[]>,
): (keys: readonly K[]) => Promise<(User | null)[]> {
  const gathered = gather(
    async (lists: readonly (readonly K[])[]) => {
      const users = await read(lists.flat());
      let from = 0;
      return lists.map((keys) => users.slice(from, (from += keys.length)));
    },
    { lanes: 2, most: 128 },
  );
  return (keys) => (keys.length > LONGEST ? read(keys) : gathered(keys));
}
