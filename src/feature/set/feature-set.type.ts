import { Field, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { FeatureMissingReason } from '../feature.type.js';
import type { UserFeatures } from '../feature-loaders.js';

/** The type that has a field a feature; see withFeatureFields. */
export const FEATURE_SET = 'FeatureSet';

// a feature's name has no upper-case letter, so a field of ours with one can never be in its way
@ObjectType('FeatureSet', {
  simpleResolvers: true,
  description:
    'Features of one customer by name: a running server adds a nullable field of its type (Float, String, Boolean, DateTime) for every APPROVED and DEPRECATED feature, without a restart. The printed schema shows the fields that are always there.',
})
export class FeatureSetType {
  /** The values that were asked for; null where they are denied. Not in the graph. */
  values!: UserFeatures | null;

  @Field(() => DateTime, { description: 'Only events before this instant count.' })
  asOf!: Date;
  @Field(() => DateTime, { description: 'When it was computed, wall time.' })
  computedAt!: Date;
  @Field(() => FeatureMissingReason, {
    nullable: true,
    description:
      'OPTED_OUT: every value is denied. Else null; a single value that is null has no data.',
  })
  missingReason!: keyof typeof FeatureMissingReason | null;
}
