import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';

@ObjectType('ShadowReport', {
  simpleResolvers: true,
  description:
    'How a version in SHADOW compares with what production answered to the same questions.',
})
export class ShadowReportType {
  @Field(() => DateTime, { description: 'When it was asked first.' })
  since!: Date;
  @Field(() => Int, { description: 'Questions it was asked.' })
  predictions!: number;
  @Field(() => Int, {
    description: 'Questions to which it says the other label, each version at its own threshold.',
  })
  disagreements!: number;
  @Field(() => Float, { description: 'Share of those, 0..1.' })
  disagreementShare!: number;
  @Field(() => Float, { description: 'Mean distance of the two probabilities, 0..1.' })
  meanAbsoluteDifference!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Pearson’s correlation of the two probabilities; null where one never varies.',
  })
  correlation!: number | null;
  @Field(() => Int, {
    description: 'Questions this process passed over since it started, because too many waited.',
  })
  dropped!: number;
  @Field(() => Int, {
    description: 'Questions of this process, since it started, that it could not answer.',
  })
  errors!: number;
}
