import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import type { AlertRule, MetricReading } from './alert.js';
import { alertRuleNode } from './alert-node.js';
import {
  AlertMetricReadingType,
  AlertMetricType,
  AlertRuleInputType,
  AlertRulePayloadType,
  AlertRuleType,
} from './alert.type.js';
import type { RuleWish } from './check-alert-rule.js';
import { METRICS } from './metric-catalogue.js';
import type { AlertRuleResult, writeAlertRules } from './write-alert-rules.js';

export interface AlertRuleResolverDeps {
  rules(): Promise<AlertRule[]>;
  writing: Pick<ReturnType<typeof writeAlertRules>, 'create' | 'update' | 'remove'>;
  /** Series of a metric now. */
  readMetric(name: string): Promise<MetricReading[]>;
}

/** The rules that alerts are made by. */
@Resolver(() => AlertRuleType)
export class AlertRuleResolver {
  constructor(private readonly deps: AlertRuleResolverDeps) {}

  @Query(() => [AlertRuleType], { description: 'Every rule, by name; at most 200.' })
  async alertRules(@Ctx() context: RequestContext): Promise<AlertRuleType[]> {
    authorise(context, 'alert:read');
    return (await this.deps.rules()).map(alertRuleNode);
  }

  @Mutation(() => AlertRulePayloadType, {
    description: 'Adds a rule; the next look sees it, within 15 seconds unless set otherwise.',
  })
  async createAlertRule(
    @Ctx() context: RequestContext,
    @Arg('input', () => AlertRuleInputType, { description: 'The rule.' })
    input: AlertRuleInputType,
  ): Promise<AlertRulePayloadType> {
    authorise(context, 'alert:write');
    return payload(await this.deps.writing.create(wishOf(input), context.viewer.name));
  }

  @Mutation(() => AlertRulePayloadType, {
    description:
      'Replaces a rule. Open alerts go on, unless it is disabled or looks at another metric or other labels: then they are over.',
  })
  async updateAlertRule(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: '`AlertRule:<uuid>`' }) id: string,
    @Arg('input', () => AlertRuleInputType, { description: 'The rule, whole.' })
    input: AlertRuleInputType,
  ): Promise<AlertRulePayloadType> {
    authorise(context, 'alert:write');
    const key = decodeUuid('AlertRule', id);
    if (key === null) return notAnId(id);
    return payload(await this.deps.writing.update(key, wishOf(input), context.viewer.name));
  }

  @Mutation(() => AlertRulePayloadType, {
    description: 'Deletes a rule; its open alerts are over, and what it made stays in the history.',
  })
  async deleteAlertRule(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: '`AlertRule:<uuid>`' }) id: string,
  ): Promise<AlertRulePayloadType> {
    authorise(context, 'alert:write');
    const key = decodeUuid('AlertRule', id);
    if (key === null) return notAnId(id);
    return payload(await this.deps.writing.remove(key, context.viewer.name));
  }
}

/** What rules can be made on. */
@Resolver(() => AlertMetricType)
export class AlertMetricResolver {
  constructor(private readonly deps: Pick<AlertRuleResolverDeps, 'readMetric'>) {}

  @Query(() => [AlertMetricType], { description: 'Every metric that a rule can name.' })
  alertMetrics(@Ctx() context: RequestContext): AlertMetricType[] {
    authorise(context, 'alert:read');
    return METRICS.map((metric) => ({ ...metric, labels: [...metric.labels] }));
  }

  @FieldResolver(() => [AlertMetricReadingType], {
    description: 'Its series as they are measured now; empty where it has no value.',
  })
  readings(@Root() { name }: AlertMetricType): Promise<MetricReading[]> {
    return this.deps.readMetric(name);
  }
}

function wishOf(input: AlertRuleInputType): RuleWish {
  const { name, metric, comparison, threshold, forSeconds, severity } = input;
  return {
    ...{ name, metric, comparison, threshold, forSeconds, severity },
    description: input.description ?? null,
    labels: input.labels ?? null,
    keepFiringSeconds: input.keepFiringSeconds ?? null,
    channels: input.channels ?? null,
    enabled: input.enabled ?? null,
  };
}

function payload({ rule, errors }: AlertRuleResult): AlertRulePayloadType {
  return {
    rule: rule && alertRuleNode(rule),
    userErrors: errors.map((error) => ({
      ...error,
      path: error.path[0] === 'id' ? error.path : ['input', ...error.path],
    })),
  };
}

function notAnId(id: string): AlertRulePayloadType {
  const message = `not the id of a rule: ${id.slice(0, 80)}`;
  return { rule: null, userErrors: [userError('INVALID', message, 'id')] };
}
