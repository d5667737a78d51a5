import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import type { Assignment, ExperimentStatus as Status } from './experiment.js';
import type { ExperimentNode } from './experiment-nodes.js';

export const ExperimentStatus: { [S in Status]: S } = {
  DRAFT: 'DRAFT',
  RUNNING: 'RUNNING',
  STOPPED: 'STOPPED',
  CONCLUDED: 'CONCLUDED',
};

registerEnumType(ExperimentStatus, {
  name: 'ExperimentStatus',
  description: 'Where an experiment stands.',
  valuesConfig: {
    DRAFT: { description: 'Written down; nobody is assigned.' },
    RUNNING: { description: 'Customers are assigned within its window.' },
    STOPPED: { description: 'Nobody is assigned any more; it can be started again.' },
    CONCLUDED: { description: 'Over, with or without a winner; nothing changes any more.' },
  },
});

export const AssignmentSource = { HASH: 'HASH', IMPORT: 'IMPORT' } as const;

registerEnumType(AssignmentSource, {
  name: 'AssignmentSource',
  description: 'What put a customer into an arm.',
  valuesConfig: {
    HASH: { description: 'The hash of experiment and customer.' },
    IMPORT: { description: 'An experiment that ran elsewhere.' },
  },
});

@ObjectType('Experiment', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'A randomised comparison of arms over customers: versions of a model, or treatments.',
})
export class ExperimentType extends NodeInterface {
  @Field(() => String, {
    description: 'Unique, 1..64 characters; part of the hash that assigns, so it never changes.',
  })
  key!: string;
  @Field(() => String, { description: 'What is believed, and would be shown by it.' })
  hypothesis!: string;
  @Field(() => ExperimentStatus, { description: 'Where it stands.' })
  status!: Status;
  @Field(() => Float, { description: 'Share of the customers who take part, above 0, at most 1.' })
  trafficShare!: number;
  @Field(() => Float, {
    description:
      'Share of all customers kept out, 0 to below 1: the same customers in every experiment that holds out.',
  })
  holdoutShare!: number;
  @Field(() => String, { description: 'The metric that decides, such as share:purchase.' })
  primaryMetric!: string;
  @Field(() => [String], {
    description: 'Metrics that must not become worse, at most 20.',
  })
  guardrails!: readonly string[];
  @Field(() => [String], { description: 'Those of its metrics of which less is better.' })
  lowerIsBetter!: readonly string[];
  @Field(() => Int, {
    description: 'Customers an arm must have before anything is said of it, 10..1,000,000,000.',
  })
  minimumUsers!: number;
  @Field(() => Int, {
    description: 'Days before the first exposure that adjust for who was different before, 0..365.',
  })
  prePeriodDays!: number;
  @Field(() => DateTime, { description: 'Begin of its window; nobody is assigned before.' })
  startsAt!: Date;
  @Field(() => DateTime, { description: 'End of its window; nobody is assigned from then on.' })
  endsAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it was started first; real time.' })
  startedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was stopped last; real time.' })
  stoppedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was concluded; real time.' })
  concludedAt!: Date | null;
  @Field(() => DateTime, { description: 'When it was written down; real time.' })
  createdAt!: Date;
  @Field(() => String, { description: 'Who wrote it down.' })
  createdBy!: string;
}

@ObjectType('Variant', { simpleResolvers: true, description: 'One arm of an experiment.' })
export class VariantType {
  @Field(() => ID, { description: 'Opaque: `Variant:<experiment>/<key>`.' })
  id!: string;
  @Field(() => String, { description: 'Unique within the experiment, 1..64 characters.' })
  key!: string;
  @Field(() => Float, { description: 'Above 0; its share is weight / sum of the weights.' })
  weight!: number;
  @Field(() => Boolean, { description: 'Whether the others are compared with it; exactly one is.' })
  control!: boolean;
  @Field(() => JsonObject, { description: 'The treatment, for whoever carries it out.' })
  payload!: Readonly<Record<string, unknown>>;
}

@ObjectType('Assignment', {
  simpleResolvers: true,
  description: 'A customer in an arm of an experiment.',
})
export class AssignmentType {
  @Field(() => AssignmentSource, { description: 'What put the customer into the arm.' })
  source!: Assignment['source'];
  @Field(() => DateTime, {
    description: 'First exposure: when the customer was told the arm first; never changes.',
  })
  assignedAt!: Date;
  @Field(() => Int, {
    description: 'How often the arm was told, >= 1; repeats are counted within a second or two.',
  })
  exposures!: number;
  @Field(() => DateTime, { description: 'When the arm was told last.' })
  lastExposedAt!: Date;
}

@InputType('VariantInput', { description: 'One arm.' })
export class VariantInputType {
  @Field(() => String, {
    description:
      'Unique within the experiment: a letter, then up to 63 letters, digits, _ . : / - or spaces.',
  })
  key!: string;
  @Field(() => Float, {
    description: 'Above 0, at most 1,000,000; its share is weight / sum of the weights.',
  })
  weight!: number;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether the others are compared with it; where no arm is marked, the first is.',
  })
  control!: boolean | null;
  @Field(() => ID, {
    nullable: true,
    description:
      '`ModelVersion:<uuid>`, of the model of the experiment; all arms have one, or none.',
  })
  modelVersion!: string | null;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'The treatment: any JSON object of at most 8 KiB, 5 levels deep; default {}.',
  })
  payload!: Record<string, unknown> | null;
}

@InputType('CreateExperimentInput', { description: 'An experiment to write down.' })
export class CreateExperimentInputType {
  @Field(() => String, {
    description: 'Unique: a letter, then up to 63 letters, digits, _ . -; it never changes.',
  })
  key!: string;
  @Field(() => String, { description: 'What is believed, 1..2,000 characters.' })
  hypothesis!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Name of the model of which the arms are versions; left out for treatments.',
  })
  model!: string | null;
  @Field(() => [VariantInputType], { description: '2..20 arms; the order is part of the hash.' })
  variants!: VariantInputType[];
  @Field(() => Float, {
    nullable: true,
    defaultValue: 1,
    description: 'Share of the customers who take part, above 0, at most 1.',
  })
  trafficShare!: number | null;
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: 'Share of all customers kept out, 0 to below 1; the same in every experiment.',
  })
  holdoutShare!: number | null;
  @Field(() => String, {
    description:
      'What decides: share:TYPE, count:TYPE, sum:TYPE or mean:TYPE of events; model:auc, model:f1, model:precision, model:recall or model:accuracy where arms are versions.',
  })
  primaryMetric!: string;
  @Field(() => [String], {
    nullable: true,
    description: 'At most 20 metrics that must not become worse.',
  })
  guardrails!: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'Those of the metrics of which less is better.',
  })
  lowerIsBetter!: string[] | null;
  @Field(() => Int, {
    nullable: true,
    defaultValue: 100,
    description: 'Customers an arm must have before anything is said of it, 10..1,000,000,000.',
  })
  minimumUsers!: number | null;
  @Field(() => Int, {
    nullable: true,
    defaultValue: 28,
    description:
      'Days before the first exposure that adjust for who was different before, 0..365; 0: none.',
  })
  prePeriodDays!: number | null;
  @Field(() => DateTime, { description: 'Begin of the window, before `endsAt`.' })
  startsAt!: Date;
  @Field(() => DateTime, {
    description:
      'End of the window. Where it is past the experiment cannot be started: it ran elsewhere, and its arms are imported.',
  })
  endsAt!: Date;
}

@ObjectType('ExperimentPayload', {
  simpleResolvers: true,
  description: 'The experiment, or why nothing was changed.',
})
export class ExperimentPayloadType {
  @Field(() => ExperimentType, {
    nullable: true,
    description: 'The experiment as it is now; null when there is none.',
  })
  experiment!: ExperimentNode | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}
