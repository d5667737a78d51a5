import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';

@ObjectType('EventPartition', {
  simpleResolvers: true,
  description:
    'A part of the table of events: a month, or a whole year of history that was imported long after.',
})
export class EventPartitionType {
  @Field(() => String, { description: 'Name of its table, such as event_2026_05.' })
  name!: string;
  @Field(() => DateTime, { description: 'The first instant it holds.' })
  from!: Date;
  @Field(() => DateTime, { description: 'The first instant it no longer holds.' })
  until!: Date;
  @Field(() => Float, { description: 'Events in it, as PostgreSQL estimates.' })
  rows!: number;
  @Field(() => Float, { description: 'Size with its indexes, in bytes.' })
  bytes!: number;
  @Field(() => Boolean, {
    description: 'True when an import of history wrote to it: it is never dropped.',
  })
  kept!: boolean;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'From when on the daily upkeep drops it, on the clock that retention counts by; null = never.',
  })
  dropsAt!: Date | null;
}

@ObjectType('Retention', {
  simpleResolvers: true,
  description:
    'How long events are held. Older ones are not taken, but from imported files; months that passed out of it are dropped whole.',
})
export class RetentionType {
  @Field(() => Int, {
    description: 'Days, 0..36,500, set by AUGURY_RETENTION_DAYS; 0 = for ever.',
  })
  days!: number;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'The first instant an event may carry now; null = any. Counted from AUGURY_NOW where that lies in the past.',
  })
  heldFrom!: Date | null;
  @Field(() => [EventPartitionType], {
    description:
      'The parts that hold the events, oldest first: one a month, 3 of them ahead of their time, and one a year of older history.',
  })
  partitions!: EventPartitionType[];
}
