import { Field, InputType, ObjectType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import type { QualityStatus as Status, StoredRule } from './quality.js';
import { QualityStatus, QualityTable } from './quality.type.js';
import { ruleText, type Rule } from './rule.js';
import type { QualityTable as Table } from './table.js';
import { ruleSubject } from './write-rules.js';

const LANGUAGE =
  'JSON: `check` (conditions that must all hold) or `unique` (columns), `when` (rows looked at), `tolerance` (share 0..1 that may break it). A condition: `of` ({column}, {attribute} or {property}), `op` (lt lte gt gte eq ne with `to`; present absent; in notIn with `values`; matches with `form` email uuid httpUrl digits; maxLength with `length`; isA with `kind`). `to`: a constant, {instant}, {now: true, plusSeconds}, or another `of`.';

@ObjectType('QualityRule', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A rule of data quality, as data.',
})
export class QualityRuleType extends NodeInterface {
  @Field(() => String, { description: 'Unique; a lower-case letter, then up to 62 of a-z 0-9 _.' })
  name!: string;
  @Field(() => String, { description: 'What it asks of a row.' })
  description!: string;
  @Field(() => QualityTable, { description: 'The table whose rows it is about.' })
  table!: Table;
  @Field(() => JsonObject, { description: LANGUAGE })
  rule!: Rule;
  @Field(() => String, { description: 'The rule in one line.' })
  text!: string;
  @Field(() => QualityStatus, { description: 'What breaking it makes of the report.' })
  severity!: Status;
  @Field(() => Boolean, { description: 'Whether scans look at it.' })
  enabled!: boolean;
  @Field(() => DateTime, { description: 'When it was added, real time.' })
  createdAt!: Date;
  @Field(() => String, { description: 'Who added it: the name of a key, or `system`.' })
  createdBy!: string;
}

/** Row to node. */
export function ruleNode(rule: StoredRule): QualityRuleType {
  return { ...rule, id: ruleSubject(rule.id), text: ruleText(rule.rule) };
}

@InputType('CreateQualityRuleInput', { description: 'A rule to add.' })
export class CreateQualityRuleInputType {
  @Field(() => String, { description: 'Unique; a lower-case letter, then up to 62 of a-z 0-9 _.' })
  name!: string;
  @Field(() => String, { defaultValue: '', description: 'At most 1,000 characters.' })
  description!: string;
  @Field(() => QualityTable, { description: 'The table whose rows it is about.' })
  table!: Table;
  @Field(() => JsonObject, { description: LANGUAGE })
  rule!: Record<string, unknown>;
  @Field(() => QualityStatus, {
    defaultValue: 'WARNING',
    description: 'WARNING, or FAILED: training waits for a good scan.',
  })
  severity!: Status;
  @Field(() => Boolean, { defaultValue: true, description: 'Whether scans look at it.' })
  enabled!: boolean;
}

@InputType('UpdateQualityRuleInput', { description: 'What to change; what is left out stays.' })
export class UpdateQualityRuleInputType {
  @Field(() => String, { nullable: true, description: 'As of a new rule.' })
  name?: string | null;
  @Field(() => String, { nullable: true, description: 'At most 1,000 characters.' })
  description?: string | null;
  @Field(() => JsonObject, { nullable: true, description: 'The whole rule, as of a new one.' })
  rule?: Record<string, unknown> | null;
  @Field(() => QualityStatus, { nullable: true, description: 'WARNING or FAILED.' })
  severity?: Status | null;
  @Field(() => Boolean, { nullable: true, description: 'Whether scans look at it.' })
  enabled?: boolean | null;
}

@ObjectType('QualityRulePayload', { simpleResolvers: true, description: 'The rule, or why not.' })
export class QualityRulePayloadType {
  @Field(() => QualityRuleType, {
    nullable: true,
    description: 'The rule after the change, or as it was before it was removed.',
  })
  rule!: QualityRuleType | null;
  @Field(() => [UserErrorType], {
    description: 'Why nothing was changed; paths lead into the rule.',
  })
  userErrors!: UserErrorType[];
}
