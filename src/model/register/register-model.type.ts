import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';

export const ScoreKind = { PROBABILITY: 'PROBABILITY', LOGIT: 'LOGIT' } as const;

registerEnumType(ScoreKind, {
  name: 'ScoreKind',
  description: 'What the scores of a file are.',
  valuesConfig: {
    PROBABILITY: { description: 'Shares in 0..1; those of several classes add up to 1.' },
    LOGIT: { description: 'Log-odds of one class, or one number a class for a softmax.' },
  },
});

export const MissingNumbers = { FILL: 'FILL', REFUSE: 'REFUSE' } as const;

registerEnumType(MissingNumbers, {
  name: 'MissingNumbers',
  description: 'What becomes of a file whose graph has no answer to a missing number.',
  valuesConfig: {
    FILL: { description: 'Missing numbers become 0 before the graph sees them.' },
    REFUSE: { description: 'The file is refused.' },
  },
});

export const MissingTreatment = { ANSWERS: 'ANSWERS', FILLED: 'FILLED' } as const;

registerEnumType(MissingTreatment, {
  name: 'MissingTreatment',
  description: 'How missing numbers reach a graph of elsewhere.',
  valuesConfig: {
    ANSWERS: { description: 'As missing: the graph has an answer.' },
    FILLED: { description: 'As 0: the graph has none of its own, or takes whole numbers.' },
  },
});

@ObjectType('ModelUpload', {
  simpleResolvers: true,
  description: 'The file of elsewhere that a version was made from.',
})
export class ModelUploadType {
  @Field(() => String, { description: 'SHA-256 of the file as it came, hex.' })
  sha256!: string;
  @Field(() => Float, { description: 'Size of the file as it came, in bytes.' })
  bytes!: number;
  @Field(() => String, { description: 'The program that wrote it, by its own account.' })
  producer!: string;
  @Field(() => [String], { description: 'Operators it uses, in alphabetical order.' })
  operators!: string[];
  @Field(() => String, { description: 'The output that holds its scores.' })
  output!: string;
  @Field(() => ScoreKind, { description: 'What those scores are.' })
  scores!: keyof typeof ScoreKind;
  @Field(() => Int, { description: 'Columns of the scores: 1, or one a class.' })
  columns!: number;
  @Field(() => MissingTreatment, { description: 'How missing numbers reach the graph.' })
  missing!: keyof typeof MissingTreatment;
  @Field(() => String, { description: 'Who registered it.' })
  uploadedBy!: string;
}
