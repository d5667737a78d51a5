import { Field, ObjectType } from 'type-graphql';
import { ModelVersionType } from './model.type.js';

@ObjectType('ReproductionCheck', {
  simpleResolvers: true,
  description: 'Whether a version that was trained by the record of another came out as that one.',
})
export class ReproductionCheckType {
  @Field(() => ModelVersionType, { description: 'The version whose record was repeated.' })
  version!: ModelVersionType;
  @Field(() => Boolean, { description: 'True when table and labels have the same hash.' })
  sameData!: boolean;
  @Field(() => Boolean, { description: 'True when every metric has the same value, to the bit.' })
  sameMetrics!: boolean;
  @Field(() => Boolean, { description: 'True when the ONNX file has the same bytes.' })
  sameArtifact!: boolean;
  @Field(() => [String], { description: 'What differs, in words; empty when nothing does.' })
  differences!: string[];
}

@ObjectType('GateCheck', {
  simpleResolvers: true,
  description: 'One thing that is looked at before a version may become PRODUCTION.',
})
export class GateCheckType {
  @Field(() => String, { description: 'loads, parity, rule <name> or target <metric>.' })
  name!: string;
  @Field(() => Boolean, { description: 'True when it is as it should be.' })
  met!: boolean;
  @Field(() => Boolean, {
    description: 'True when the version stays out of PRODUCTION while it is not met.',
  })
  blocks!: boolean;
  @Field(() => String, { description: 'In words, with what was counted.' })
  detail!: string;
}
