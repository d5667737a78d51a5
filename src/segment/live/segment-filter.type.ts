import { Field, InputType } from 'type-graphql';
import { UserFilterInput } from '../../user/user.type.js';
import { QuadrantEnum } from '../quadrant.type.js';
import type { Quadrant } from '../segment.js';
import { STANDARD_SEGMENTATION } from '../segmentation.js';

@InputType('SegmentFilter', {
  description:
    'A condition on the segment that customers are in now; all given parts must hold. Holds for nobody who opted out.',
})
export class SegmentFilterInput {
  @Field(() => String, {
    nullable: true,
    defaultValue: STANDARD_SEGMENTATION,
    description: 'Key of the segmentation; one that is live.',
  })
  segmentation?: string | null;
  @Field(() => [String], { nullable: true, description: 'Any of these segments, by key.' })
  keys?: string[] | null;
  @Field(() => [QuadrantEnum], {
    nullable: true,
    description: 'Any of the segments that lie in one of these quadrants.',
  })
  quadrant?: Quadrant[] | null;
}

// the filter of customers stands to the left of segments: its part is added from here
Field(() => SegmentFilterInput, {
  nullable: true,
  description: 'The segment that the customer is in.',
})(UserFilterInput.prototype, 'segment');
