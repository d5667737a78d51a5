import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { can } from '../graphql/authorise.js';
import type { Viewer } from '../graphql/context.js';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { RejectedRowType, UserErrorType } from '../graphql/user-error.type.js';
import { encodeId } from '../kernel/id.js';
import type { Ticket } from './ticket.js';

@ObjectType('Ticket', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'Something a customer asked the service for, as it is known now.',
})
export class TicketType extends NodeInterface {
  /** For the resolvers of this room; not in the graph. */
  userId!: number;
  /** Personal data, for the resolver that asks who may see it. */
  body!: string | null;

  @Field(() => String, { description: 'Where it came from: crm, helpdesk …' })
  source!: string;
  @Field(() => String, { description: "The sender's id, unique within its source." })
  key!: string;
  @Field(() => String, { description: 'What it is about: billing, delivery …' })
  issueType!: string;
  @Field(() => [String], {
    description: 'Fields that the role may not see and that are null for that.',
  })
  redacted!: string[];
  @Field(() => DateTime, { description: 'When it was opened.' })
  openedAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it was resolved; null while open.' })
  resolvedAt!: Date | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Seconds from opening to solution, 0 or more; null while open.',
  })
  resolutionSeconds!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'How content the customer was, 1..5; null when not stated yet.',
  })
  satisfaction!: number | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the satisfaction was stated; null when not stated yet.',
  })
  ratedAt!: Date | null;
}

/** A ticket as the viewer may see it. */
export function toTicketType(ticket: Ticket, viewer: Viewer): TicketType {
  const visible = can(viewer, 'pii:read');
  const { openedAt, resolvedAt } = ticket;
  return {
    id: encodeId('Ticket', ticket.id),
    userId: ticket.userId,
    source: ticket.source,
    key: ticket.key,
    issueType: ticket.issueType,
    body: visible ? ticket.text : null,
    redacted: visible ? [] : ['text'],
    openedAt,
    resolvedAt,
    resolutionSeconds: resolvedAt && (resolvedAt.getTime() - openedAt.getTime()) / 1000,
    satisfaction: ticket.satisfaction,
    ratedAt: ticket.ratedAt,
  };
}

@ObjectType('TicketEdge', { simpleResolvers: true, description: 'A ticket in a page.' })
export class TicketEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this ticket.' })
  cursor!: string;
  @Field(() => TicketType, { description: 'The ticket.' })
  node!: TicketType;
}

@ObjectType('TicketConnection', {
  simpleResolvers: true,
  description: 'A page of tickets, newest first.',
})
export class TicketConnectionType {
  @Field(() => [TicketEdgeType], { description: 'The tickets with their cursors.' })
  edges!: TicketEdgeType[];
  @Field(() => [TicketType], { description: 'The tickets.' })
  nodes!: TicketType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@InputType('TicketInput', {
  description:
    'A ticket to record, or what became of it. Idempotent by (source, key). What is left out or null stays as it is; user, instants and satisfaction stand once recorded, another value is a CONFLICT.',
})
export class TicketInput {
  @Field(() => ID, { description: "The sender's id, unique within its source, 1..180 characters." })
  key!: string;
  @Field(() => String, {
    description: 'External id of the customer; an unknown one makes a new customer.',
  })
  user!: string;
  @Field(() => String, {
    description: 'What it is about, 1..100 characters; events keep the one they were written with.',
  })
  issueType!: string;
  @Field(() => DateTime, { description: '1970 or later, at most 5 minutes ahead of now.' })
  openedAt!: Date;
  @Field(() => DateTime, {
    nullable: true,
    description: 'At or after `openedAt`, at most 5 minutes ahead of now.',
  })
  resolvedAt?: Date | null;
  @Field(() => Float, { nullable: true, description: 'How content the customer was, 1..5.' })
  satisfaction?: number | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the satisfaction was stated: at or after `openedAt`, at most 5 minutes ahead of now; default `resolvedAt`.',
  })
  ratedAt?: Date | null;
  @Field(() => String, {
    nullable: true,
    description: 'Personal data; what the customer wrote, at most 10,000 characters.',
  })
  text?: string | null;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'crm',
    description:
      'Where it comes from: a letter, then up to 63 letters, digits, spaces or _ . : / -',
  })
  source?: string | null;
}

@ObjectType('RecordTicketsPayload', {
  simpleResolvers: true,
  description: 'What became of the rows: created + updated + unchanged + rejected = all.',
})
export class RecordTicketsPayloadType {
  @Field(() => Int, { description: 'Rows that made a ticket.' })
  created!: number;
  @Field(() => Int, { description: 'Rows that changed a ticket.' })
  updated!: number;
  @Field(() => Int, { description: 'Rows that told nothing new.' })
  unchanged!: number;
  @Field(() => [RejectedRowType], { description: 'Rows that were not taken; all others were.' })
  rejected!: RejectedRowType[];
  @Field(() => [UserErrorType], { description: 'Why nothing was taken at all.' })
  userErrors!: UserErrorType[];
}
