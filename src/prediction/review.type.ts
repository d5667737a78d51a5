import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import { encodeId } from '../kernel/id.js';
import type { Decision as DecisionName } from './decision.js';
import type { Review, ReviewStatus as StatusName } from './review.js';

export const DecisionBand = { ALLOW: 'ALLOW', REVIEW: 'REVIEW', BLOCK: 'BLOCK' } as const;

registerEnumType(DecisionBand, {
  name: 'DecisionBand',
  description: "What to do with what was scored, by the model's bands.",
  valuesConfig: {
    ALLOW: { description: 'Let it pass: below the lower bound of REVIEW.' },
    REVIEW: { description: 'Somebody is to look at it.' },
    BLOCK: { description: 'Stop it, and have somebody look at it.' },
  },
});

export const ReviewStatus = {
  OPEN: 'OPEN',
  CONFIRMED: 'CONFIRMED',
  DISMISSED: 'DISMISSED',
} as const;

registerEnumType(ReviewStatus, {
  name: 'ReviewStatus',
  description: 'How far a review is.',
  valuesConfig: {
    OPEN: { description: 'Nobody has decided.' },
    CONFIRMED: { description: 'The suspicion was right: a positive outcome.' },
    DISMISSED: { description: 'It was not: a negative outcome.' },
  },
});

export const ReviewVerdict = { CONFIRM: 'CONFIRM', DISMISS: 'DISMISS' } as const;

registerEnumType(ReviewVerdict, {
  name: 'ReviewVerdict',
  description: 'How a review ends.',
  valuesConfig: {
    CONFIRM: { description: 'The suspicion was right.' },
    DISMISS: { description: 'It was not.' },
  },
});

@ObjectType('Review', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'A prediction that somebody is to look at: one open review a customer and model, always of their newest score in a band.',
})
export class ReviewType extends NodeInterface {
  @Field(() => Float, { description: 'Of the positive label when it was put in the queue, 0..1.' })
  probability!: number;
  @Field(() => DecisionBand, { description: 'REVIEW or BLOCK: the band it lay in.' })
  decision!: DecisionName;
  @Field(() => ReviewStatus, { description: 'How far it is.' })
  status!: StatusName;
  @Field(() => DateTime, { description: 'When it was put in the queue.' })
  createdAt!: Date;
  @Field(() => String, { nullable: true, description: 'Who decided; null while open.' })
  verdictBy!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When; null while open.' })
  verdictAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'What they had to say.' })
  comment!: string | null;

  /** Not in the graph: what the resolvers go by. */
  userId!: number;
  modelId!: string;
  predictionId!: number;
}

/** A review as the graph shows it. */
export function toReviewType({ id, ...review }: Review): ReviewType {
  return { id: encodeId('Review', id), ...review };
}

@ObjectType('ReviewEdge', { simpleResolvers: true, description: 'A review in a page.' })
export class ReviewEdgeType {
  @Field(() => String, { description: 'Pass as `after` to continue behind it.' })
  cursor!: string;
  @Field(() => ReviewType, { description: 'The review.' })
  node!: ReviewType;
}

@ObjectType('ReviewConnection', {
  simpleResolvers: true,
  description: 'Reviews, the likeliest first.',
})
export class ReviewConnectionType {
  @Field(() => [ReviewEdgeType], { description: 'The reviews with their cursors.' })
  edges!: ReviewEdgeType[];
  @Field(() => [ReviewType], { description: 'The reviews of this page.' })
  nodes!: ReviewType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
  @Field(() => Int, { description: 'Reviews of the model in these states, over all pages.' })
  totalCount!: number;
}

@ObjectType('ReviewPayload', {
  simpleResolvers: true,
  description: 'A review that was decided, or why not.',
})
export class ReviewPayloadType {
  @Field(() => ReviewType, { nullable: true, description: 'The review; null when there is none.' })
  review!: ReviewType | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}
