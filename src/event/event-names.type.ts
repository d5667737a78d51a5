import { Field, Float, InterfaceType, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';

const SAMPLED =
  'Exact up to 200,000 events; above, from a sample of so many, as `sampledShare` says.';

/** Common to sources and types. */
@InterfaceType('NamedEvents', {
  description: 'A source or a type of events, and what is held of it.',
})
export abstract class NamedEventsInterface {
  @Field(() => String, { description: 'The name as senders write it.' })
  name!: string;
  @Field(() => Float, { description: `How many events are held. ${SAMPLED}` })
  events!: number;
  @Field(() => DateTime, {
    nullable: true,
    description: `The earliest event held; null when none was met. ${SAMPLED}`,
  })
  firstAt!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: `The latest event held; null when none was met. ${SAMPLED}`,
  })
  lastAt!: Date | null;
  @Field(() => Float, { description: 'Share of the events that was looked at, 0..1; 1 = exact.' })
  sampledShare!: number;
}

@ObjectType('EventSource', {
  implements: NamedEventsInterface,
  simpleResolvers: true,
  description: 'A system that events came from: api, crm, shop, import …',
})
export class EventSourceType extends NamedEventsInterface {}

@ObjectType('EventTypeInfo', {
  implements: NamedEventsInterface,
  simpleResolvers: true,
  description: 'A type of event that was met or is asked for by a feature: purchase, page_view …',
})
export class EventTypeInfoType extends NamedEventsInterface {}
