import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import type { StoredRule } from './quality.js';
import {
  CreateQualityRuleInputType,
  QualityRulePayloadType,
  QualityRuleType,
  ruleNode,
  UpdateQualityRuleInputType,
} from './quality-rule.type.js';
import { QualityTable } from './quality.type.js';
import type { QualityTable as Table } from './table.js';
import type { RuleResult, RuleWish, writeRules } from './write-rules.js';

export interface QualityRuleResolverDeps {
  rules(): Promise<StoredRule[]>;
  writing: Pick<ReturnType<typeof writeRules>, 'create' | 'update' | 'remove'>;
}

/** The rules of data quality. */
@Resolver(() => QualityRuleType)
export class QualityRuleResolver {
  constructor(private readonly deps: QualityRuleResolverDeps) {}

  @Query(() => [QualityRuleType], { description: 'Every rule, by name; at most 100.' })
  async qualityRules(
    @Ctx() context: RequestContext,
    @Arg('table', () => QualityTable, { nullable: true, description: 'Only of this table.' })
    table: Table | null,
  ): Promise<QualityRuleType[]> {
    authorise(context, 'quality:read');
    const rules = await this.deps.rules();
    return rules.filter((rule) => !table || rule.table === table).map(ruleNode);
  }

  @Mutation(() => QualityRulePayloadType, {
    description: 'Adds a rule; the next scan looks at it.',
  })
  async createQualityRule(
    @Ctx() context: RequestContext,
    @Arg('input', () => CreateQualityRuleInputType, { description: 'The rule.' })
    input: CreateQualityRuleInputType,
  ): Promise<QualityRulePayloadType> {
    authorise(context, 'quality:write');
    return payload(await this.deps.writing.create(wishOf(input), context.viewer.name), 'input');
  }

  @Mutation(() => QualityRulePayloadType, { description: 'Changes a rule.' })
  async updateQualityRule(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: '`QualityRule:<uuid>`' }) id: string,
    @Arg('input', () => UpdateQualityRuleInputType, { description: 'What to change.' })
    input: UpdateQualityRuleInputType,
  ): Promise<QualityRulePayloadType> {
    authorise(context, 'quality:write');
    const key = decodeUuid('QualityRule', id);
    if (key === null) return notAnId(id);
    const given = Object.entries(input).filter(([, value]) => (value ?? null) !== null);
    const change = Object.fromEntries(given) as Partial<RuleWish>;
    return payload(await this.deps.writing.update(key, change, context.viewer.name), 'input');
  }

  @Mutation(() => QualityRulePayloadType, { description: 'Removes a rule.' })
  async deleteQualityRule(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: '`QualityRule:<uuid>`' }) id: string,
  ): Promise<QualityRulePayloadType> {
    authorise(context, 'quality:write');
    const key = decodeUuid('QualityRule', id);
    if (key === null) return notAnId(id);
    return payload(await this.deps.writing.remove(key, context.viewer.name));
  }
}

function wishOf(input: CreateQualityRuleInputType): RuleWish {
  const { name, description, table, rule, severity, enabled } = input;
  return { name, description, table, rule, severity, enabled };
}

function payload({ rule, errors }: RuleResult, ...argument: string[]): QualityRulePayloadType {
  return {
    rule: rule && ruleNode(rule),
    userErrors: errors.map((error) => ({
      ...error,
      path: error.path[0] === 'id' ? error.path : [...argument, ...error.path],
    })),
  };
}

function notAnId(id: string): QualityRulePayloadType {
  const message = `not the id of a rule: ${id.slice(0, 80)}`;
  return { rule: null, userErrors: [userError('INVALID', message, 'id')] };
}
