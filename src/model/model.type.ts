import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import type { ModelStage as Stage, ModelTask as Task } from './model.js';

export const ModelTask = {
  BINARY_CLASSIFICATION: 'BINARY_CLASSIFICATION',
  MULTICLASS_CLASSIFICATION: 'MULTICLASS_CLASSIFICATION',
  REGRESSION: 'REGRESSION',
  CLUSTERING: 'CLUSTERING',
  ANOMALY: 'ANOMALY',
  RECOMMENDATION: 'RECOMMENDATION',
  FORECAST: 'FORECAST',
  TEXT_CLASSIFICATION: 'TEXT_CLASSIFICATION',
} as const;

registerEnumType(ModelTask, {
  name: 'ModelTask',
  description: 'What a model answers.',
  valuesConfig: {
    BINARY_CLASSIFICATION: { description: 'Yes or no, with a probability: churn.' },
    MULTICLASS_CLASSIFICATION: { description: 'One of several classes.' },
    REGRESSION: { description: 'A number.' },
    CLUSTERING: { description: 'Which group a row belongs to.' },
    ANOMALY: { description: 'How unlike the others a row is.' },
    RECOMMENDATION: { description: 'Items ranked for a user.' },
    FORECAST: { description: 'A series continued, with bounds.' },
    TEXT_CLASSIFICATION: { description: 'A class of a text.' },
  },
});

export const ModelStage = {
  CANDIDATE: 'CANDIDATE',
  SHADOW: 'SHADOW',
  PRODUCTION: 'PRODUCTION',
  ARCHIVED: 'ARCHIVED',
} as const;

registerEnumType(ModelStage, {
  name: 'ModelStage',
  description: 'Where a version stands. At most one version of a model is PRODUCTION, one SHADOW.',
  valuesConfig: {
    CANDIDATE: { description: 'Trained and checked; answers nobody.' },
    SHADOW: { description: 'Scored on live traffic beside production, never returned.' },
    PRODUCTION: { description: 'Answers.' },
    ARCHIVED: { description: 'Was replaced or put away; can come back.' },
  },
});

export const LabelSource = { BEHAVIOUR: 'BEHAVIOUR', OUTCOMES: 'OUTCOMES' } as const;

registerEnumType(LabelSource, {
  name: 'LabelSource',
  description: 'Where the labels of a training come from.',
  valuesConfig: {
    BEHAVIOUR: { description: "The spec's rule on what customers did after `asOf`." },
    OUTCOMES: { description: 'Outcomes that were recorded or imported.' },
  },
});

@ObjectType('Model', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A named task, such as churn. Its versions are the trained artifacts.',
})
export class ModelType extends NodeInterface {
  @Field(() => String, { description: 'Its key, such as churn; unique.' })
  name!: string;
  @Field(() => ModelTask, { description: 'What it answers.' })
  task!: Task;
  @Field(() => String, { description: 'In one sentence, what it predicts and for whom.' })
  description!: string;
}

@ObjectType('ModelVersion', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A trained artifact with the record of its training; only its stage ever changes.',
})
export class ModelVersionType extends NodeInterface {
  @Field(() => Int, { description: '1, 2, … within the model.' })
  version!: number;
  @Field(() => ModelStage, { description: 'Where it stands.' })
  stage!: Stage;
  @Field(() => String, { description: 'The best of the candidates, such as boosting, or blend.' })
  algorithm!: string;
  @Field(() => JsonObject, { description: 'Settings of the algorithm.' })
  hyperparameters!: Record<string, unknown>;
  @Field(() => Int, {
    description: 'Seed of the training; the same data and seed give the same version.',
  })
  seed!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Probability from which a row is called positive, 0..1.',
  })
  threshold!: number | null;
  @Field(() => Int, { description: 'Rows it was fitted on.' })
  trainingRows!: number;
  @Field(() => Int, { description: 'Held-out rows.' })
  testRows!: number;
  @Field(() => DateTime, { nullable: true, description: 'First event that was looked at.' })
  dataFrom!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'End of the time that was looked at, labels included.',
  })
  dataUntil!: Date | null;
  @Field(() => String, { description: 'SHA-256 of the training table and its labels, hex.' })
  dataHash!: string;
  @Field(() => DateTime, { description: 'When it was trained.' })
  trainedAt!: Date;
  @Field(() => String, { nullable: true, description: 'Who made it PRODUCTION last.' })
  promotedBy!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was made PRODUCTION last.' })
  promotedAt!: Date | null;
}

@ObjectType('ModelVersionEdge', { simpleResolvers: true, description: 'A version and its cursor.' })
export class ModelVersionEdgeType {
  @Field(() => String, { description: 'Pass as `after` to continue behind it.' })
  cursor!: string;
  @Field(() => ModelVersionType, { description: 'The version.' })
  node!: ModelVersionType;
}

@ObjectType('ModelVersionConnection', {
  simpleResolvers: true,
  description: 'Versions, newest first.',
})
export class ModelVersionConnectionType {
  @Field(() => [ModelVersionEdgeType], { description: 'The versions of this page with cursors.' })
  edges!: ModelVersionEdgeType[];
  @Field(() => [ModelVersionType], { description: 'The versions of this page.' })
  nodes!: ModelVersionType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

@ObjectType('ModelVersionPayload', {
  simpleResolvers: true,
  description: 'A version that was changed, or why not.',
})
export class ModelVersionPayloadType {
  @Field(() => ModelVersionType, {
    nullable: true,
    description: 'The version; null when there is none.',
  })
  modelVersion!: ModelVersionType | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}

@InputType('TrainModelInput', {
  description: 'What to train; what is left out comes from the spec.',
})
export class TrainModelInputType {
  @Field(() => String, { description: 'Name of the model, such as churn.' })
  model!: string;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'BEHAVIOUR: features are as of this instant, labels from the horizon after it; default now minus the horizon. OUTCOMES: outcomes up to it count; default now.',
  })
  asOf!: Date | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Days after `asOf` that the label looks at, 1..3650; default from the spec.',
  })
  horizonDays!: number | null;
  @Field(() => LabelSource, {
    nullable: true,
    description: 'Where labels come from; default BEHAVIOUR.',
  })
  label!: keyof typeof LabelSource | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Of logistic, boosting, forest, perceptron, isolation; default from the spec.',
  })
  algorithms!: string[] | null;
  @Field(() => Int, { nullable: true, description: 'Candidates of the search at most, 1..200.' })
  trials!: number | null;
  @Field(() => Int, { nullable: true, description: 'Seed of folds, search and sampling, >= 0.' })
  seed!: number | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Make it PRODUCTION when it is better on the same test rows than the present one, or when there is none.',
  })
  promoteIfBetter!: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Make it PRODUCTION once it is registered.',
  })
  promote!: boolean | null;
}
