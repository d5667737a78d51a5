import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { can } from '../graphql/authorise.js';
import type { Viewer } from '../graphql/context.js';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTimeRangeInput, FloatRangeInput } from '../graphql/range.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { RejectedRowType, UserErrorType } from '../graphql/user-error.type.js';
import { encodeId } from '../kernel/id.js';
import type { AttributeValue, User } from './user.js';
import type { UserOrderBy as OrderBy } from './user-page.js';

@ObjectType('Consent', {
  simpleResolvers: true,
  description: 'What the customer agreed to.',
})
export class ConsentType {
  @Field(() => Boolean, {
    description: 'Scores may be computed about the customer, and models trained on their history.',
  })
  profiling!: boolean;
  @Field(() => Boolean, { description: 'The customer may be addressed with offers.' })
  marketing!: boolean;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Last change; null while the defaults hold.',
  })
  updatedAt!: Date | null;
}

@ObjectType('User', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A customer.',
})
export class UserType extends NodeInterface {
  /** Our own number, for the resolvers of this and other rooms; not in the graph. */
  userId!: number;
  /** Personal data, null where the viewer may not see them; the resolvers of the fields tell who read them. */
  name!: string | null;
  email!: string | null;

  @Field(() => String, { description: "The customer's key in the CRM; unique, 1..200 characters." })
  externalId!: string;
  @Field(() => [String], {
    description: 'Fields that the role may not see and that are null for that.',
  })
  redacted!: string[];
  @Field(() => JsonObject, {
    description:
      'Profile: age, gender, cityTier, membershipLevel, deviceType, any imported column; texts, numbers and booleans.',
  })
  attributes!: Record<string, AttributeValue>;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the customer registered; null when unknown.',
  })
  registeredAt!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Time of the newest event; null without one.',
  })
  lastActiveAt!: Date | null;
  @Field(() => ConsentType, { description: 'What the customer agreed to.' })
  consent!: ConsentType;
}

const PERSONAL = ['name', 'email'];

/** A customer as the viewer may see it. */
export function toUserType(user: User, viewer: Viewer): UserType {
  const visible = can(viewer, 'pii:read');
  return {
    id: encodeId('User', user.id),
    userId: user.id,
    externalId: user.externalId,
    name: visible ? user.name : null,
    email: visible ? user.email : null,
    redacted: visible ? [] : PERSONAL,
    attributes: user.attributes,
    registeredAt: user.registeredAt,
    lastActiveAt: user.lastActiveAt,
    consent: {
      profiling: user.consentProfiling,
      marketing: user.consentMarketing,
      updatedAt: user.consentUpdatedAt,
    },
  };
}

@ObjectType('UserEdge', { simpleResolvers: true, description: 'A customer in a page.' })
export class UserEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this customer.' })
  cursor!: string;
  @Field(() => UserType, { description: 'The customer.' })
  node!: UserType;
}

@ObjectType('UserConnection', { simpleResolvers: true, description: 'A page of customers.' })
export class UserConnectionType {
  /** Counts without the page; run only when `totalCount` is asked for. */
  count!: () => Promise<number>;

  @Field(() => [UserEdgeType], { description: 'The customers with their cursors.' })
  edges!: UserEdgeType[];
  @Field(() => [UserType], { description: 'The customers.' })
  nodes!: UserType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@InputType('AttributeFilter', {
  description: 'A condition on one attribute of the profile; all given parts must hold.',
})
export class AttributeFilterInput {
  @Field(() => String, { description: 'Name of the attribute, 1..100 characters.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'Equal, compared as text.' })
  equals?: string | null;
  @Field(() => [String], { nullable: true, description: 'Equal to any of at most 10,000 texts.' })
  in?: string[] | null;
  @Field(() => FloatRangeInput, { nullable: true, description: 'Bounds; holds only for numbers.' })
  range?: FloatRangeInput | null;
  @Field(() => Boolean, { nullable: true, description: 'True: missing. False: there.' })
  isNull?: boolean | null;
}

@InputType('UserFilter', {
  description:
    'All given parts must hold; `and`, `or`, `not` nest at most 8 deep, 200 parts in all. An empty filter holds for everyone.',
})
export class UserFilterInput {
  @Field(() => [UserFilterInput], { nullable: true, description: 'All of these hold.' })
  and?: UserFilterInput[] | null;
  @Field(() => [UserFilterInput], {
    nullable: true,
    description: 'At least one holds; none of an empty list does.',
  })
  or?: UserFilterInput[] | null;
  @Field(() => UserFilterInput, { nullable: true, description: 'This does not hold.' })
  not?: UserFilterInput | null;
  @Field(() => [ID], { nullable: true, description: 'Any of these ids, at most 10,000.' })
  ids?: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Any of these external ids, at most 10,000.',
  })
  externalIds?: string[] | null;
  @Field(() => DateTimeRangeInput, { nullable: true, description: 'When the customer registered.' })
  registeredAt?: DateTimeRangeInput | null;
  @Field(() => DateTimeRangeInput, { nullable: true, description: 'Time of the newest event.' })
  lastActiveAt?: DateTimeRangeInput | null;
  @Field(() => AttributeFilterInput, { nullable: true, description: 'A condition on the profile.' })
  attribute?: AttributeFilterInput | null;
}

export const UserOrderBy = {
  REGISTERED_AT: 'REGISTERED_AT',
  LAST_ACTIVE_AT: 'LAST_ACTIVE_AT',
  EXTERNAL_ID: 'EXTERNAL_ID',
} as const;

registerEnumType(UserOrderBy, {
  name: 'UserOrderBy',
  description: 'What customers are sorted by; those without it come last in both directions.',
  valuesConfig: {
    REGISTERED_AT: { description: 'When the customer registered.' },
    LAST_ACTIVE_AT: { description: 'Time of the newest event.' },
    EXTERNAL_ID: { description: 'The key in the CRM.' },
  },
});

export const Direction = { ASC: 'ASC', DESC: 'DESC' } as const;

registerEnumType(Direction, {
  name: 'Direction',
  description: 'Direction of a sort.',
  valuesConfig: {
    ASC: { description: 'Smallest, earliest first.' },
    DESC: { description: 'Largest, latest first.' },
  },
});

@InputType('UserOrder', { description: 'One key of a sort.' })
export class UserOrderInput {
  @Field(() => UserOrderBy, { description: 'What to sort by.' })
  by!: OrderBy;
  @Field(() => String, { nullable: true, description: 'Feature or model, where `by` needs one.' })
  name?: string | null;
  @Field(() => Direction, { defaultValue: 'DESC', description: 'Which end first.' })
  direction!: 'ASC' | 'DESC';
}

@InputType('UserInput', {
  description: 'A profile to write. What is left out stays as it is; null clears it.',
})
export class UserInput {
  @Field(() => String, { description: "The customer's key in the CRM, 1..200 characters." })
  externalId!: string;
  @Field(() => String, { nullable: true, description: 'Personal data; at most 200 characters.' })
  name?: string | null;
  @Field(() => String, { nullable: true, description: 'Personal data; an e-mail address.' })
  email?: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the customer registered. One who was erased is taken back with an instant after the erasure only.',
  })
  registeredAt?: Date | null;
  @Field(() => JsonObject, {
    nullable: true,
    description:
      'Merged name by name; a null removes the attribute. Texts, numbers (0 or 1e-15..1e15), booleans; at most 200 names and 16 KiB.',
  })
  attributes?: Record<string, unknown> | null;
}

@ObjectType('UpsertUsersPayload', {
  simpleResolvers: true,
  description: 'What became of the rows; a row that changes nothing is in neither count.',
})
export class UpsertUsersPayloadType {
  @Field(() => Int, { description: 'Customers that are new.' })
  created!: number;
  @Field(() => Int, { description: 'Customers that were changed.' })
  updated!: number;
  @Field(() => [RejectedRowType], { description: 'Rows that were not taken; all others were.' })
  rejected!: RejectedRowType[];
  @Field(() => [UserErrorType], { description: 'Why nothing was taken at all.' })
  userErrors!: UserErrorType[];
}

@ObjectType('UserPayload', { simpleResolvers: true, description: 'The customer, or why not.' })
export class UserPayloadType {
  @Field(() => UserType, { nullable: true, description: 'The customer after the change.' })
  user!: UserType | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was changed.' })
  userErrors!: UserErrorType[];
}
