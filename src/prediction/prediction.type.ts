import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FEED_CURSOR } from '../graphql/feed.type.js';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { RejectedRowType, UserErrorType } from '../graphql/user-error.type.js';
import { FeatureOverrideInput, FeatureValueType } from '../feature/feature.type.js';
import type {
  Eligibility as EligibilityName,
  PredictionSource as SourceName,
  RiskBand as RiskName,
} from './prediction.js';

export const Eligibility = {
  ELIGIBLE: 'ELIGIBLE',
  NEW_USER: 'NEW_USER',
  NO_DATA: 'NO_DATA',
  OPTED_OUT: 'OPTED_OUT',
} as const;

registerEnumType(Eligibility, {
  name: 'Eligibility',
  description: 'Why there is or is no score.',
  valuesConfig: {
    ELIGIBLE: { description: 'There is one.' },
    NEW_USER: { description: "Registered or first seen less than the model's minimum age ago." },
    NO_DATA: { description: 'No event before `asOf`, and no attribute that the model uses.' },
    OPTED_OUT: { description: 'The customer does not agree to profiling.' },
  },
});

export const RiskBand = {
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;

registerEnumType(RiskBand, {
  name: 'RiskBand',
  description: "The probability in words; the bounds are the model's (default 0.25, 0.5, 0.75).",
  valuesConfig: {
    LOW: { description: 'Below the medium bound (default 0.25).' },
    MEDIUM: { description: 'From the medium bound (default 0.25) on.' },
    HIGH: { description: 'From the high bound (default 0.5) on.' },
    CRITICAL: { description: 'From the critical bound (default 0.75) on.' },
  },
});

export const PredictionSource = {
  MODEL: 'MODEL',
  CACHE: 'CACHE',
  RULES: 'RULES',
  WHAT_IF: 'WHAT_IF',
} as const;

registerEnumType(PredictionSource, {
  name: 'PredictionSource',
  description: 'Where an answer comes from.',
  valuesConfig: {
    MODEL: { description: 'Scored by the model.' },
    CACHE: { description: 'A stored score that is fresh enough.' },
    RULES: { description: 'Rules answered in the place of the model.' },
    WHAT_IF: { description: 'Imagined: some inputs were given; never stored.' },
  },
});

export const ReasonDirection = { RAISES: 'RAISES', LOWERS: 'LOWERS' } as const;

registerEnumType(ReasonDirection, {
  name: 'ReasonDirection',
  description: 'Which way a reason pushes the probability.',
  valuesConfig: {
    RAISES: { description: 'The contribution is positive.' },
    LOWERS: { description: 'The contribution is negative.' },
  },
});

@ObjectType('Reason', {
  simpleResolvers: true,
  description: 'What one feature adds to a score, in log-odds.',
})
export class ReasonType {
  @Field(() => String, { description: 'Name of the feature.' })
  feature!: string;
  @Field(() => FeatureValueType, { nullable: true, description: 'Its value in this score.' })
  value!: FeatureValueType | null;
  @Field(() => Float, { description: 'Log-odds; positive raises the probability.' })
  contribution!: number;
  @Field(() => ReasonDirection, { description: 'The sign of the contribution.' })
  direction!: keyof typeof ReasonDirection;
  @Field(() => String, {
    description:
      'In words, with the value and its place among the customers the version learned from.',
  })
  text!: string;
  @Field(() => Float, {
    nullable: true,
    description:
      'Share of the customers the version learned from with a lower value, and half of those with the same, 0..100; null for categories, missing values and versions that do not know.',
  })
  percentile!: number | null;
}

@ObjectType('Prediction', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'The answer of a model for a customer: a score, or why there is none.',
})
export class PredictionType extends NodeInterface {
  @Field(() => Eligibility, { description: 'Why there is or is no score.' })
  eligibility!: EligibilityName;
  @Field(() => Float, { nullable: true, description: 'Of the positive label, 0..1.' })
  probability!: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'The positive or the negative label, such as churn or stay.',
  })
  label!: string | null;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True when the probability reaches the threshold.',
  })
  positive!: boolean | null;
  @Field(() => Float, { nullable: true, description: 'max(p, 1 - p), 0.5..1.' })
  confidence!: number | null;
  @Field(() => RiskBand, { nullable: true, description: 'The probability in words.' })
  risk!: RiskName | null;
  @Field(() => Float, { nullable: true, description: 'The threshold of the version, 0..1.' })
  threshold!: number | null;
  @Field(() => PredictionSource, { description: 'Where the answer comes from.' })
  source!: SourceName;
  @Field(() => DateTime, { description: 'When it was scored, wall time.' })
  scoredAt!: Date;
  @Field(() => DateTime, { description: 'Only events before this instant counted.' })
  asOf!: Date;
  @Field(() => Float, { description: 'Seconds from `scoredAt` to this answer.' })
  ageSeconds!: number;
  @Field(() => Float, {
    description: 'Milliseconds from the question to the score; shared by the rows of a batch.',
  })
  latencyMs!: number;
  @Field(() => String, FEED_CURSOR)
  feedCursor?: string;
}

@ObjectType('PredictionEdge', { simpleResolvers: true, description: 'A prediction in a page.' })
export class PredictionEdgeType {
  @Field(() => String, { description: 'Pass as `after` to continue behind it.' })
  cursor!: string;
  @Field(() => PredictionType, { description: 'The prediction.' })
  node!: PredictionType;
}

@ObjectType('PredictionConnection', {
  simpleResolvers: true,
  description: 'Predictions from the ledger, newest first.',
})
export class PredictionConnectionType {
  @Field(() => [PredictionEdgeType], { description: 'The predictions with their cursors.' })
  edges!: PredictionEdgeType[];
  @Field(() => [PredictionType], { description: 'The predictions of this page.' })
  nodes!: PredictionType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

@ObjectType('Outcome', { simpleResolvers: true, description: 'What really happened.' })
export class OutcomeType {
  @Field(() => Boolean, { description: 'True when the positive label came true.' })
  positive!: boolean;
  @Field(() => DateTime, { description: 'When it was known.' })
  at!: Date;
  @Field(() => String, { description: 'Who told: api, crm, a file …' })
  source!: string;
}

@InputType('ScoreInput', { description: 'A row that belongs to nobody.' })
export class ScoreInputType {
  @Field(() => ID, { description: 'Yours; comes back with the answer.' })
  key!: string;
  @Field(() => [FeatureOverrideInput], { description: 'Its inputs; one left out is missing.' })
  features!: FeatureOverrideInput[];
}

@ObjectType('ScoredRow', {
  simpleResolvers: true,
  description: 'The score of a row that belongs to nobody; never stored.',
})
export class ScoredRowType {
  @Field(() => ID, { description: 'The key of the row.' })
  key!: string;
  @Field(() => Float, { nullable: true, description: 'Of the positive label, 0..1.' })
  probability!: number | null;
  @Field(() => String, { nullable: true, description: 'The positive or the negative label.' })
  label!: string | null;
  @Field(() => Float, { nullable: true, description: 'max(p, 1 - p), 0.5..1.' })
  confidence!: number | null;
  @Field(() => PredictionSource, { description: 'Where the answer comes from.' })
  source!: SourceName;
}

@InputType('OutcomeInput', {
  description: 'What really happened: for a prediction, or for a customer and a model.',
})
export class OutcomeInputType {
  @Field(() => ID, { nullable: true, description: '`Prediction:<n>`; names customer and model.' })
  prediction?: string | null;
  @Field(() => String, { nullable: true, description: 'External id; needed without `prediction`.' })
  user?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Name of the model; needed without `prediction`.',
  })
  model?: string | null;
  @Field(() => DateTime, { description: 'When it was known.' })
  at!: Date;
  @Field(() => Boolean, { description: 'True when the positive label came true.' })
  positive!: boolean;
  @Field(() => String, {
    nullable: true,
    defaultValue: 'api',
    description: 'Who tells; of the same form as the `source` of an event.',
  })
  source?: string | null;
}

@ObjectType('RecordOutcomesPayload', {
  simpleResolvers: true,
  description: 'Which outcomes were taken.',
})
export class RecordOutcomesPayloadType {
  @Field(() => Int, { description: 'Rows taken; repeating a call changes nothing.' })
  accepted!: number;
  @Field(() => [RejectedRowType], { description: 'Rows not taken, each with its reason.' })
  rejected!: RejectedRowType[];
  @Field(() => [UserErrorType], { description: 'Why nothing was taken; empty otherwise.' })
  userErrors!: UserErrorType[];
}
