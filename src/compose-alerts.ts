import type { AuditStore } from './access/audit.store.js';
import { actOnAlerts } from './alert/act-on-alerts.js';
import { alertLoaders } from './alert/alert-loaders.js';
import { AlertMetricResolver, AlertRuleResolver } from './alert/alert-rule.resolver.js';
import { AlertResolver, UserAlertsResolver } from './alert/alert.resolver.js';
import type { MetricReading } from './alert/alert.js';
import { EVALUATION_FAILED } from './alert/metric-catalogue.js';
import type { Delivery } from './alert/delivery/delivery.js';
import type { AlertWork } from './compose-alert-work.js';
import type { Plant } from './compose-models.js';
import type { RequestContext } from './graphql/context.js';
import type { UserLoaders } from './user/user-loaders.js';

export interface AlertRoomParts {
  plant: Pick<Plant, 'clock'>;
  work: AlertWork;
  users: Pick<UserLoaders, 'byId'>;
  auditBySubjects: AuditStore['bySubjects'];
  /** Deliveries of an alert by its uuid, batched by the request. */
  deliveriesOf(context: RequestContext, alertId: string): Promise<Delivery[]>;
}

/** Alerts and their rules in the graph. */
export function composeAlertRoom(parts: AlertRoomParts): {
  resolvers: object[];
  /** Boot step: default rules that this installation was never given. */
  seedRules(): Promise<string[]>;
} {
  const { work, users, deliveriesOf } = parts;
  const wall = (): Date => parts.plant.clock.wall();
  const readMetric = (name: string): Promise<MetricReading[]> =>
    name === EVALUATION_FAILED ? Promise.resolve([]) : work.readMetric(name, wall());
  const loaders = alertLoaders({
    alerts: work.alerts,
    rulesByIds: work.rules.byIds,
    auditBySubjects: parts.auditBySubjects,
  });
  const act = actOnAlerts({ change: work.changes.change, onChanged: work.onChanged, wall });
  return {
    resolvers: [
      new AlertResolver({ alerts: work.alerts, loaders, users, act, deliveriesOf }),
      new UserAlertsResolver({ loaders }),
      new AlertRuleResolver({ rules: work.rules.list, writing: work.writing, readMetric }),
      new AlertMetricResolver({ readMetric }),
    ],
    seedRules: () => work.writing.seed(),
  };
}
