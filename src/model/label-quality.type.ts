import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';

@ObjectType('LabelBalance', {
  simpleResolvers: true,
  description: "How a model's newest labels are shared out, by the rule of its spec.",
})
export class LabelBalanceType {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;
  @Field(() => DateTime, { description: 'When the labels were known: the end of the horizon.' })
  until!: Date;
  @Field(() => Int, { description: 'Customers with a label.' })
  labelled!: number;
  @Field(() => Int, { description: 'Of these, positive ones.' })
  positive!: number;
  @Field(() => Float, { nullable: true, description: 'Their share, 0..1; null without labels.' })
  positiveShare!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Labels of the larger class for one of the smaller, >= 1; null without both.',
  })
  imbalanceRatio!: number | null;
}

@ObjectType('LabelNoise', {
  simpleResolvers: true,
  description: 'Labels that cannot all be right.',
})
export class LabelNoiseType {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;
  @Field(() => Int, { description: 'Recorded outcomes whose horizon has ended.' })
  outcomes!: number;
  @Field(() => Int, {
    description:
      "Of these, positive ones whose customer had an event of the label's types within the horizon after all.",
  })
  contradictedPositive!: number;
  @Field(() => Int, { description: 'Of these, negative ones whose customer had none.' })
  contradictedNegative!: number;
  @Field(() => [ID], { description: 'Customers behind them, `User:42`, at most 20.' })
  sampleIds!: string[];
  @Field(() => Int, {
    description: 'Customers labelled by the rule who share all their attributes with another.',
  })
  alike!: number;
  @Field(() => Int, {
    description:
      'Of these, those in the smaller camp of their like: no model of attributes alone gets them right.',
  })
  opposite!: number;
  @Field(() => String, { description: 'How it was found.' })
  method!: string;
}
