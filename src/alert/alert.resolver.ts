import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { AuditEntryType } from '../access/access.type.js';
import type { AuditEntry } from '../access/audit.store.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeNumberCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { feedCursor } from '../graphql/feed-cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError, userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import type { UserLoaders } from '../user/user-loaders.js';
import { toUserType, UserConnectionType, UserType } from '../user/user.type.js';
import type { actOnAlerts } from './act-on-alerts.js';
import type { AlertStatus as Status, Severity as Level } from './alert.js';
import type { AlertLoaders } from './alert-loaders.js';
import { alertNode, alertRuleNode } from './alert-node.js';
import { alertPageOf, pageOfAlerts } from './alert-page.js';
import type { AlertAction } from './alert-state.js';
import type { AlertStore } from './alert.store.js';
import {
  AlertConnectionType,
  AlertPayloadType,
  AlertRuleType,
  AlertStatus,
  AlertType,
  Severity,
} from './alert.type.js';
import type { Delivery } from './delivery/delivery.js';
import { DeliveryType } from './delivery/delivery.type.js';

export interface AlertResolverDeps {
  alerts: Pick<AlertStore, 'page' | 'byIds'>;
  loaders: AlertLoaders;
  users: Pick<UserLoaders, 'byId'>;
  act: ReturnType<typeof actOnAlerts>;
  /** What channels were told of an alert by its uuid, oldest first; batched by the request. */
  deliveriesOf(context: RequestContext, alertId: string): Promise<Delivery[]>;
}

const STATUS = { nullable: true, description: 'Only these; default all.' };
const COMMENT = {
  nullable: true,
  description: 'For the timeline; at most 1,000 characters.',
};
const ALERT_ID = { description: '`Alert:<uuid>`' };

/** Alerts: listed, looked at, acted on. */
@Resolver(() => AlertType)
export class AlertResolver {
  constructor(private readonly deps: AlertResolverDeps) {}

  @Query(() => AlertType, { nullable: true, description: 'One alert; null when there is none.' })
  async alert(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, ALERT_ID) id: string,
  ): Promise<AlertType | null> {
    authorise(context, 'alert:read');
    const key = decodeUuid('Alert', id);
    const [alert = null] = key === null ? [] : await this.deps.alerts.byIds([key]);
    return alert && alertNode(alert);
  }

  @Query(() => AlertConnectionType, {
    description: 'Alerts, open and over, the latest started first.',
  })
  async alerts(
    @Ctx() context: RequestContext,
    @Arg('status', () => [AlertStatus], STATUS) status: Status[] | null,
    @Arg('minSeverity', () => Severity, {
      nullable: true,
      description: 'This severity or a stronger one.',
    })
    minSeverity: Level | null,
    @Arg('since', () => DateTime, { nullable: true, description: 'Started at or after.' })
    since: Date | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<AlertConnectionType> {
    authorise(context, 'alert:read');
    const { page, first } = alertPageOf({
      ...{ status: status ?? null, minSeverity: minSeverity ?? null, since: since ?? null },
      ...{ first: wanted, after: after ?? null },
    });
    return pageOfAlerts(await this.deps.alerts.page(page), first);
  }

  @FieldResolver(() => AlertRuleType, { description: 'The rule as it is now.' })
  async rule(@Root() alert: AlertType, @Ctx() context: RequestContext): Promise<AlertRuleType> {
    const rule = await this.deps.loaders.rule(context).load(alert.ruleId);
    if (!rule) throw new AppError('INTERNAL', `${alert.id} has no rule`);
    return alertRuleNode(rule);
  }

  @FieldResolver(() => [AuditEntryType], {
    description: 'What became of it, and who did it, newest first.',
  })
  timeline(@Root() { key }: AlertType, @Ctx() context: RequestContext): Promise<AuditEntry[]> {
    return this.deps.loaders.timeline(context).load(key);
  }

  @FieldResolver(() => [DeliveryType], {
    description: 'Which channels were told of which change, oldest first.',
  })
  deliveries(@Root() { key }: AlertType, @Ctx() context: RequestContext): Promise<Delivery[]> {
    return this.deps.deliveriesOf(context, key);
  }

  @FieldResolver(() => String, {
    description:
      'Where its newest change stands among the changes of all alerts: pass as `after` of `alertChanged`. Where none of its changes is held: before the oldest that is. Told by a subscription: where that change stands.',
  })
  async cursor(
    @Root() { key, revision, cursorThen }: AlertType,
    @Ctx() context: RequestContext,
  ): Promise<string> {
    if (cursorThen !== null) return cursorThen;
    const change = await this.deps.loaders.newestChange(context).load({ id: key, revision });
    return feedCursor('alert', change);
  }

  @FieldResolver(() => UserConnectionType, {
    description:
      'Customers it is about, in the order of their making; none where it is not about customers. Needs the right to list customers.',
  })
  async affectedUsers(
    @Root() { key }: AlertType,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<UserConnectionType> {
    authorise(context, 'user:list');
    const first = pageSize(wanted);
    const behind = after ? decodeNumberCursor(after) : null;
    const { loaders, users } = this.deps;
    const ids = await loaders.usersOf(context, { after: behind, limit: first + 1 }).load(key);
    const known = await Promise.all(ids.map((id) => users.byId(context).load(id)));
    const rows = known.filter((user) => user !== null);
    const page = new Page(
      rows,
      first,
      ({ id }) => encodeCursor([id]),
      (user) => toUserType(user, context.viewer),
    );
    return Object.assign(page, { count: () => loaders.userCount(context).load(key) });
  }

  @Mutation(() => AlertPayloadType, {
    description: 'Says that somebody looks after it: it stays one incident, and others see it.',
  })
  acknowledgeAlert(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, ALERT_ID) id: string,
    @Arg('comment', () => String, COMMENT) comment: string | null,
  ): Promise<AlertPayloadType> {
    authorise(context, 'alert:write');
    const { name } = context.viewer;
    return this.act(context, id, { kind: 'ACKNOWLEDGE', actor: name }, comment);
  }

  @Mutation(() => AlertPayloadType, {
    description: 'Ends it. Where its rule still holds, a new alert begins at the next look.',
  })
  resolveAlert(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, ALERT_ID) id: string,
    @Arg('comment', () => String, COMMENT) comment: string | null,
  ): Promise<AlertPayloadType> {
    authorise(context, 'alert:write');
    return this.act(context, id, { kind: 'RESOLVE' }, comment);
  }

  @Mutation(() => AlertPayloadType, {
    description:
      'Keeps its changes from the channels until then; it stays visible, and comes back if it still holds.',
  })
  silenceAlert(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, ALERT_ID) id: string,
    @Arg('untilAt', () => DateTime, { description: 'After now, at most 30 days ahead.' })
    untilAt: Date,
    @Arg('comment', () => String, COMMENT) comment: string | null,
  ): Promise<AlertPayloadType> {
    authorise(context, 'alert:write');
    return this.act(context, id, { kind: 'SILENCE', until: untilAt }, comment);
  }

  private async act(
    { viewer }: RequestContext,
    id: string,
    action: AlertAction,
    comment: string | null,
  ): Promise<AlertPayloadType> {
    const key = decodeUuid('Alert', id);
    if (key === null) {
      const message = `not the id of an alert: ${id.slice(0, 80)}`;
      return { alert: null, userErrors: [userError('INVALID', message, 'id')] };
    }
    const told = { actor: viewer.name, comment: comment ?? null };
    const { alert, errors } = await this.deps.act(key, action, told);
    return { alert: alert && alertNode(alert), userErrors: errors };
  }
}

/** The alerts about a customer. */
@Resolver(() => UserType)
export class UserAlertsResolver {
  constructor(private readonly deps: Pick<AlertResolverDeps, 'loaders'>) {}

  @FieldResolver(() => AlertConnectionType, {
    description: 'Alerts that are about this customer, the latest started first.',
  })
  async alerts(
    @Root() { userId }: UserType,
    @Arg('status', () => [AlertStatus], STATUS) status: Status[] | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<AlertConnectionType> {
    authorise(context, 'alert:read');
    const wish = { status: status ?? null, first: wanted, after: after ?? null };
    const { page, first } = alertPageOf(wish);
    return pageOfAlerts(await this.deps.loaders.ofUser(context, page).load(userId), first);
  }
}
