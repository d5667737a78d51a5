import { Field, Float, Int, ObjectType } from 'type-graphql';
import { CostReportType } from './evaluation.type.js';
import { ModelVersionType } from './model.type.js';

@ObjectType('RankedVersion', {
  simpleResolvers: true,
  description: 'A version by what its answers on its test part would have cost.',
})
export class RankedVersionType {
  @Field(() => Int, { description: '1 costs least.' })
  rank!: number;
  @Field(() => ModelVersionType, { description: 'The version.' })
  version!: ModelVersionType;
  @Field(() => CostReportType, { description: 'Cost of its test part.' })
  cost!: CostReportType;
  @Field(() => Float, {
    description:
      'Total cost minus prevented loss, a test row, at its threshold; negative is a gain.',
  })
  netCostPerPrediction!: number;
}

@ObjectType('ModelGoal', {
  simpleResolvers: true,
  description: 'A goal of the spec: the plan, and what the version in production reached.',
})
export class ModelGoalType {
  @Field(() => String, { description: 'Name of the metric.' })
  metric!: string;
  @Field(() => Float, { description: 'The bound: errors must be at most that, the rest at least.' })
  goal!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'On the test part of the production version; null without one, or where it was not measured.',
  })
  actual!: number | null;
  @Field(() => Boolean, { nullable: true, description: 'Null while there is nothing to compare.' })
  met!: boolean | null;
}

@ObjectType('ModelAdvice', {
  simpleResolvers: true,
  description: 'What to try for a task, by a small table of rules.',
})
export class ModelAdviceType {
  @Field(() => [String], { description: 'Algorithms, the most promising first.' })
  algorithms!: string[];
  @Field(() => Int, { description: 'Candidates of the search.' })
  trials!: number;
  @Field(() => String, { description: 'none or balanced, as in the spec.' })
  classWeight!: string;
  @Field(() => [String], { description: 'Why.' })
  reasons!: string[];
}
