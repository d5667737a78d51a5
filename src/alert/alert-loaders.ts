import DataLoader from 'dataloader';
import type { AuditEntry } from '../access/audit.store.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import type { Alert, AlertRule } from './alert.js';
import { alertSubject } from './alert-change.js';
import type { AlertPage, AlertStore } from './alert.store.js';

export interface AlertLoadersDeps {
  alerts: Pick<AlertStore, 'pagesOfUsers' | 'usersOf' | 'countUsersOf' | 'newestChanges'>;
  rulesByIds(ids: readonly string[]): Promise<(AlertRule | null)[]>;
  auditBySubjects(subjects: readonly string[]): Promise<AuditEntry[][]>;
}

/** An alert as it was read. */
export type AlertThen = Pick<Alert, 'id' | 'revision'>;

/** What hangs on alerts and customers, batched: one statement a field however many alerts a page holds. */
export interface AlertLoaders {
  rule(context: RequestContext): DataLoader<string, AlertRule | null>;
  /** Newest first. */
  timeline(context: RequestContext): DataLoader<string, AuditEntry[]>;
  /** Number of the newest change that the alert, as it was read, has behind it. */
  newestChange(context: RequestContext): DataLoader<AlertThen, number, string>;
  usersOf: LoaderByArguments<{ after: number | null; limit: number }, string, number[]>;
  userCount(context: RequestContext): DataLoader<string, number>;
  ofUser: LoaderByArguments<AlertPage, number, Alert[]>;
}

/** Makes the loaders; compose does this once. */
export function alertLoaders(deps: AlertLoadersDeps): AlertLoaders {
  const { alerts } = deps;
  return {
    rule: perRequest(() => new DataLoader((ids: readonly string[]) => deps.rulesByIds(ids))),
    timeline: perRequest(
      () => new DataLoader((ids: readonly string[]) => deps.auditBySubjects(ids.map(alertSubject))),
    ),
    newestChange: perRequest(
      () =>
        new DataLoader((then: readonly AlertThen[]) => alerts.newestChanges(then), {
          cacheKeyFn: ({ id, revision }) => `${id} ${revision}`,
        }),
    ),
    usersOf: loaderByArguments(
      ({ after, limit }) => `${after ?? ''} ${limit}`,
      (ids: readonly string[], page) => alerts.usersOf(ids, page),
    ),
    userCount: perRequest(
      () => new DataLoader((ids: readonly string[]) => alerts.countUsersOf(ids)),
    ),
    ofUser: loaderByArguments(
      (page) => JSON.stringify(page),
      (userIds: readonly number[], page) => alerts.pagesOfUsers(userIds, page),
    ),
  };
}
