import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { User } from './user.js';
import type { UserStore } from './user.store.js';

/** Per-request look-ups: many asked in one tick are one statement. */
export interface UserLoaders {
  byId: (context: RequestContext) => DataLoader<number, User | null>;
  byExternalId: (context: RequestContext) => DataLoader<string, User | null>;
}

/** Loaders over the store; one object for the whole program, its caches live as long as a request. */
export function userLoaders(store: Pick<UserStore, 'byIds' | 'byExternalIds'>): UserLoaders {
  return {
    byId: perRequest(() => new DataLoader((ids: readonly number[]) => store.byIds(ids))),
    byExternalId: perRequest(
      () => new DataLoader((keys: readonly string[]) => store.byExternalIds(keys)),
    ),
  };
}
