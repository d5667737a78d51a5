import { Field, Float, ID, Int, ObjectType } from 'type-graphql';

@ObjectType('Replay', {
  simpleResolvers: true,
  description: 'A score asked for again: the logged inputs, put to the artifact that answered.',
})
export class ReplayType {
  @Field(() => Float, {
    nullable: true,
    description: 'What comes out now, 0..1; null where it cannot be asked again.',
  })
  probability!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Its distance from the stored probability; null where it cannot be asked again.',
  })
  difference!: number | null;
  @Field(() => Boolean, { description: 'Whether the distance is at most 1e-6.' })
  equal!: boolean;
  @Field(() => String, {
    nullable: true,
    description: 'SHA-256 of the artifact; null when the version is not known any more.',
  })
  artifactSha256!: string | null;
  @Field(() => String, { nullable: true, description: 'Why it cannot be asked again.' })
  because!: string | null;
}

@ObjectType('ReplayMismatch', {
  simpleResolvers: true,
  description: 'A row of the ledger that did not come out the same.',
})
export class ReplayMismatchType {
  @Field(() => ID, { description: 'Id of the prediction.' })
  prediction!: string;
  @Field(() => ID, { description: 'Id of its customer.' })
  user!: string;
  @Field(() => Float, { description: 'The probability in the ledger.' })
  stored!: number;
  @Field(() => ReplayType, { description: 'What came out.' })
  replay!: ReplayType;
}

@ObjectType('ReplayedArtifact', {
  simpleResolvers: true,
  description: 'An artifact that answered some of the rows.',
})
export class ReplayedArtifactType {
  @Field(() => String, { description: 'SHA-256 of the file.' })
  sha256!: string;
  @Field(() => Int, { description: 'Rows it answered.' })
  predictions!: number;
}

@ObjectType('ReplayReport', {
  simpleResolvers: true,
  description: 'Rows of the ledger asked for again, and how many came out the same.',
})
export class ReplayReportType {
  @Field(() => Int, { description: 'Rows asked for again.' })
  predictions!: number;
  @Field(() => Int, {
    description: 'Rows that did not come out within the tolerance, or not at all.',
  })
  mismatches!: number;
  @Field(() => Float, { description: 'How far a replay may lie from what was stored.' })
  tolerance!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'The largest distance seen; null without a row that could be asked again.',
  })
  largestDifference!: number | null;
  @Field(() => [ReplayedArtifactType], { description: 'What answered, most rows first.' })
  artifacts!: ReplayedArtifactType[];
  @Field(() => [ReplayMismatchType], { description: 'The first 20 mismatches, newest first.' })
  examples!: ReplayMismatchType[];
}
