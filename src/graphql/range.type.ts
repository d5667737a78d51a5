import { Field, Float, InputType } from 'type-graphql';
import { DateTime } from './scalars.js';

@InputType('FloatRange', { description: 'Bounds of a number; all given must hold.' })
export class FloatRangeInput {
  @Field(() => Float, { nullable: true, description: 'Greater than.' })
  gt?: number | null;
  @Field(() => Float, { nullable: true, description: 'Greater than or equal.' })
  gte?: number | null;
  @Field(() => Float, { nullable: true, description: 'Less than.' })
  lt?: number | null;
  @Field(() => Float, { nullable: true, description: 'Less than or equal.' })
  lte?: number | null;
}

@InputType('DateTimeRange', { description: 'Bounds of an instant; all given must hold.' })
export class DateTimeRangeInput {
  @Field(() => DateTime, { nullable: true, description: 'After.' })
  gt?: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'At or after.' })
  gte?: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'Before.' })
  lt?: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'At or before.' })
  lte?: Date | null;
}
