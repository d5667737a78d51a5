import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { UserDimensionKind as Kind } from './user-groups.js';

export const UserDimensionKind: { [K in Kind]: K } = {
  SEGMENT: 'SEGMENT',
  QUADRANT: 'QUADRANT',
  RISK: 'RISK',
  ATTRIBUTE: 'ATTRIBUTE',
  COHORT_MONTH: 'COHORT_MONTH',
  ASSIGNMENT: 'ASSIGNMENT',
};

registerEnumType(UserDimensionKind, {
  name: 'UserDimensionKind',
  description: 'What customers are grouped by; the key of who has no such value holds a null.',
  valuesConfig: {
    SEGMENT: {
      description:
        'The segment they are in now, by key; `name`: the segmentation, default persona.',
    },
    QUADRANT: {
      description: 'The quadrant of that segment; `name`: the segmentation, default persona.',
    },
    RISK: {
      description: 'The band of their newest stored score; `name`: the model, default churn.',
    },
    ATTRIBUTE: { description: 'An attribute of the profile, as text; `name`: which one.' },
    COHORT_MONTH: { description: 'The month in which they registered, UTC, such as 2026-03.' },
    ASSIGNMENT: {
      description: 'The variant of an experiment that they were told; `name`: its key.',
    },
  },
});

@InputType('UserDimension', { description: 'One thing to group customers by.' })
export class UserDimensionInput {
  @Field(() => UserDimensionKind, { description: 'What.' })
  kind!: Kind;
  @Field(() => String, { nullable: true, description: 'Of what, where the kind needs one.' })
  name?: string | null;
}

@ObjectType('UserGroup', { simpleResolvers: true, description: 'Customers with the same values.' })
export class UserGroupType {
  /** Ids, ascending; null where no field needs them. Not in the graph. */
  members!: Float64Array | null;

  @Field(() => [String], {
    nullable: 'items',
    description: 'One value for each dimension asked, in order; null where it is unknown.',
  })
  key!: (string | null)[];
  @Field(() => Int, { description: 'Customers in it, >= 1.' })
  count!: number;
}
