import { Field, ID, ObjectType } from 'type-graphql';
import { AuditEntryType } from '../access/access.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';

@ObjectType('ExportUserPayload', {
  simpleResolvers: true,
  description: 'Everything held about a customer, or why not.',
})
export class ExportUserPayloadType {
  @Field(() => JsonObject, {
    nullable: true,
    description:
      '`tables` holds the rows by table, at most the 10,000 newest of each; `truncated` names the tables of which there are more (`augury export-user` writes all).',
  })
  data!: object | null;
  @Field(() => [UserErrorType], { description: 'Why there is nothing.' })
  userErrors!: UserErrorType[];
}

@ObjectType('ErasureReceipt', {
  simpleResolvers: true,
  description: 'What is kept of an erasure; it holds no personal data.',
})
export class ErasureReceiptType {
  @Field(() => ID, { description: 'Id of the receipt, such as `Erasure:<uuid>`.' })
  id!: string;
  @Field(() => DateTime, { description: 'When, wall time.' })
  erasedAt!: Date;
  @Field(() => JsonObject, { description: 'Rows removed or changed, by table.' })
  rows!: Record<string, number>;
  @Field(() => [String], {
    description:
      'Model versions that learned from the customer, such as `churn@3`; a new training forgets.',
  })
  modelsTrainedOn!: string[];
}

@ObjectType('EraseUserPayload', {
  simpleResolvers: true,
  description: 'The receipt of an erasure, or why nothing was erased.',
})
export class EraseUserPayloadType {
  @Field(() => ErasureReceiptType, { nullable: true, description: 'The receipt.' })
  receipt!: ErasureReceiptType | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was erased.' })
  userErrors!: UserErrorType[];
}

@ObjectType('AuditEdge', { simpleResolvers: true, description: 'An entry in a page.' })
export class AuditEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this entry.' })
  cursor!: string;
  @Field(() => AuditEntryType, { description: 'The entry.' })
  node!: AuditEntryType;
}

@ObjectType('AuditConnection', {
  simpleResolvers: true,
  description: 'A page of the audit trail, newest first.',
})
export class AuditConnectionType {
  @Field(() => [AuditEdgeType], { description: 'The entries with their cursors.' })
  edges!: AuditEdgeType[];
  @Field(() => [AuditEntryType], { description: 'The entries.' })
  nodes!: AuditEntryType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}
