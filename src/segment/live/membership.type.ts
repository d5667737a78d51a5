import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { PageInfoType } from '../../graphql/page.type.js';
import { DateTime } from '../../graphql/scalars.js';

@ObjectType('SegmentMembership', {
  simpleResolvers: true,
  description: 'The segment of a customer as of an instant.',
})
export class SegmentMembershipType {
  @Field(() => Float, { description: 'Of this segment, 0..1.' })
  probability!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'To the segment, >= 0, in the scaled space of its features; of mixtures that of Mahalanobis.',
  })
  distance!: number | null;
  @Field(() => DateTime, {
    description: 'When the customer came into the segment; survives new versions.',
  })
  since!: Date;
}

@ObjectType('MembershipReason', {
  simpleResolvers: true,
  description: 'How much one feature speaks for the segment.',
})
export class MembershipReasonType {
  @Field(() => String, { description: 'Its name.' })
  feature!: string;
  @Field(() => Float, {
    nullable: true,
    description: 'The value it was decided from, where that is a number; null: missing.',
  })
  number!: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'The value it was decided from, where that is a category; null: missing.',
  })
  category!: string | null;
  @Field(() => Float, {
    description:
      'Above 0 it speaks for this segment, below 0 for `insteadOf`; log-odds of the two.',
  })
  contribution!: number;
  @Field(() => String, { description: 'Key of the segment that comes next.' })
  insteadOf!: string;
}

@ObjectType('SegmentStay', {
  simpleResolvers: true,
  description: 'From when until when a customer was in a segment.',
})
export class SegmentStayType {
  @Field(() => String, { description: 'Key of the segment.' })
  key!: string;
  @Field(() => DateTime, { description: 'When it began.' })
  since!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it lasts.' })
  until!: Date | null;
  @Field(() => Float, { description: 'Of the segment when the stay began, 0..1.' })
  probability!: number;
}

@ObjectType('SegmentStayConnection', {
  simpleResolvers: true,
  description: 'A page of stays, newest first.',
})
export class SegmentStayConnectionType {
  @Field(() => [SegmentStayType], { description: 'The stays.' })
  nodes!: SegmentStayType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@ObjectType('SegmentMembershipChange', {
  simpleResolvers: true,
  description: 'A customer came into another segment.',
})
export class SegmentMembershipChangeType {
  @Field(() => DateTime, { description: 'When; the instant the new stay began.' })
  at!: Date;
}

@ObjectType('SegmentCount', { simpleResolvers: true, description: 'Customers in a segment now.' })
export class SegmentCountType {
  @Field(() => String, { description: 'Key of the segment.' })
  key!: string;
  @Field(() => String, { description: 'Its name; the key where it has none.' })
  name!: string;
  @Field(() => Int, { description: 'Customers who are in it.' })
  count!: number;
  @Field(() => Float, { description: 'Of all that are in a segment, 0..100.' })
  percent!: number;
}

@ObjectType('SegmentDistribution', {
  simpleResolvers: true,
  description: 'How many customers are in which segment now; those who opted out are not counted.',
})
export class SegmentDistributionType {
  @Field(() => Int, { description: 'Customers who are in a segment.' })
  total!: number;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When somebody last moved, in real time; null while nobody is in a segment.',
  })
  updatedAt!: Date | null;
  @Field(() => Float, {
    description: '1 - sum of the squared shares: 0 when all are in one segment.',
  })
  diversity!: number;
  @Field(() => [SegmentCountType], {
    description:
      'Every segment of the version, in its order, then those of former versions that still hold somebody.',
  })
  segments!: SegmentCountType[];
}

@ObjectType('MembershipMismatch', {
  simpleResolvers: true,
  description: 'A stay that does not come out the same when it is asked again.',
})
export class MembershipMismatchType {
  @Field(() => ID, { description: 'The customer, `User:<id>`.' })
  user!: string;
  @Field(() => String, { description: 'Key that is stored.' })
  stored!: string;
  @Field(() => String, { nullable: true, description: 'Key that came out; null: not asked.' })
  replayed!: string | null;
  @Field(() => String, { nullable: true, description: 'Why it cannot be asked again.' })
  because!: string | null;
}

@ObjectType('MembershipReplay', {
  simpleResolvers: true,
  description: 'Stored memberships, asked again from their logged inputs.',
})
export class MembershipReplayType {
  @Field(() => Int, { description: 'Stays that were looked at.' })
  checked!: number;
  @Field(() => Int, {
    description: 'Those with another segment, or a probability off by more than `tolerance`.',
  })
  mismatches!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Largest difference of a probability; null where none could be asked.',
  })
  largestDifference!: number | null;
  @Field(() => Float, { description: 'What a probability may be off by.' })
  tolerance!: number;
  @Field(() => [MembershipMismatchType], { description: 'At most 20, newest first.' })
  examples!: MembershipMismatchType[];
}
