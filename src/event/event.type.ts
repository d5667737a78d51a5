import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { RejectedRowType, UserErrorType } from '../graphql/user-error.type.js';
import { encodeId } from '../kernel/id.js';
import type { Event } from './event.js';

@ObjectType('Event', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'Something a customer did, or that happened to them.',
})
export class EventType extends NodeInterface {
  /** For the resolver of `user`; not in the graph. */
  userId!: number;
  /** For the resolver of `device`; not in the graph. */
  deviceId!: number | null;

  @Field(() => String, {
    description: 'What: purchase, page_view, session_start, session_end, ticket …',
  })
  type!: string;
  @Field(() => DateTime, { description: 'When it happened, to the millisecond.' })
  at!: Date;
  @Field(() => Float, {
    nullable: true,
    description: 'Amount of a purchase, seconds of a session, satisfaction 1..5 of a ticket …',
  })
  value!: number | null;
  @Field(() => String, { description: 'Where it came from: api, crm, shop, import …' })
  source!: string;
  @Field(() => JsonObject, { description: 'Anything else the sender gave.' })
  properties!: Record<string, unknown>;
}

/** An event as the graph shows it. */
export function toEventType(event: Event): EventType {
  return {
    id: encodeId('Event', `${event.source}:${event.key}`),
    userId: event.userId,
    deviceId: event.deviceId,
    type: event.type,
    at: event.at,
    value: event.value,
    source: event.source,
    properties: event.properties ?? {},
  };
}

@ObjectType('EventEdge', { simpleResolvers: true, description: 'An event in a page.' })
export class EventEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this event.' })
  cursor!: string;
  @Field(() => EventType, { description: 'The event.' })
  node!: EventType;
}

@ObjectType('EventConnection', {
  simpleResolvers: true,
  description: 'A page of events, newest first.',
})
export class EventConnectionType {
  @Field(() => [EventEdgeType], { description: 'The events with their cursors.' })
  edges!: EventEdgeType[];
  @Field(() => [EventType], { description: 'The events.' })
  nodes!: EventType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@InputType('EventInput', {
  description:
    'An event to record. Idempotent by (source, id): a repeat is counted in `duplicates` and changes nothing.',
})
export class EventInput {
  @Field(() => ID, { description: "The sender's id, unique within its source, 1..200 characters." })
  id!: string;
  @Field(() => String, {
    description: 'External id of the customer; an unknown one makes a new customer.',
  })
  user!: string;
  @Field(() => String, {
    description:
      'A letter, then up to 63 letters, digits, spaces or _ . : / - , for example purchase, page_view.',
  })
  type!: string;
  @Field(() => DateTime, {
    description: '1970 or later, inside the retention, at most 5 minutes ahead of now.',
  })
  at!: Date;
  @Field(() => Float, { nullable: true, description: '0 or of magnitude 1e-15..1e15.' })
  value?: number | null;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'api',
    description: 'Where it comes from; same form as `type`.',
  })
  source?: string | null;
  @Field(() => JsonObject, { nullable: true, description: 'At most 8 KiB, nested at most 5 deep.' })
  properties?: Record<string, unknown> | null;
  @Field(() => ID, {
    nullable: true,
    description:
      "The sender's id of the device, 1..200 characters; an unknown one makes a new device.",
  })
  device?: string | null;
}

@ObjectType('RecordEventsPayload', {
  simpleResolvers: true,
  description: 'What became of the rows: accepted + duplicates + rejected = all.',
})
export class RecordEventsPayloadType {
  @Field(() => Int, { description: 'Rows that are new.' })
  accepted!: number;
  @Field(() => Int, { description: 'Rows whose (source, id) was there already.' })
  duplicates!: number;
  @Field(() => [RejectedRowType], { description: 'Rows that were not taken; all others were.' })
  rejected!: RejectedRowType[];
  @Field(() => [UserErrorType], { description: 'Why nothing was taken at all.' })
  userErrors!: UserErrorType[];
}
