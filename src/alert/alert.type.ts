import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import type {
  AlertStatus as Status,
  ComparisonOperator as Operator,
  Severity as Level,
} from './alert.js';
import type { AlertLayer as Layer } from './metric-catalogue.js';

export const AlertStatus = {
  PENDING: 'PENDING',
  FIRING: 'FIRING',
  ACKNOWLEDGED: 'ACKNOWLEDGED',
  RESOLVED: 'RESOLVED',
  SILENCED: 'SILENCED',
} as const;

registerEnumType(AlertStatus, {
  name: 'AlertStatus',
  description: 'Where an incident stands.',
  valuesConfig: {
    PENDING: {
      description:
        'The rule holds, not yet for `forSeconds`. Nobody is told; one that ends here is forgotten.',
    },
    FIRING: { description: 'The rule has held for long enough.' },
    ACKNOWLEDGED: { description: 'Somebody looks after it.' },
    RESOLVED: { description: 'Over: it does not hold any more, or somebody said so.' },
    SILENCED: { description: 'Goes on, but channels are not told until `silencedUntil`.' },
  },
});

export const Severity = {
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;

registerEnumType(Severity, {
  name: 'Severity',
  description: 'How bad it is, by the rule.',
  valuesConfig: {
    LOW: { description: 'Worth knowing.' },
    MEDIUM: { description: 'To be looked at today.' },
    HIGH: { description: 'To be looked at now.' },
    CRITICAL: { description: 'Wakes people.' },
  },
});

export const ComparisonOperator = {
  GT: 'GT',
  GTE: 'GTE',
  LT: 'LT',
  LTE: 'LTE',
  EQ: 'EQ',
} as const;

registerEnumType(ComparisonOperator, {
  name: 'ComparisonOperator',
  description: 'How a measured value is held against a threshold.',
  valuesConfig: {
    GT: { description: 'Holds above it.' },
    GTE: { description: 'Holds at or above it.' },
    LT: { description: 'Holds below it.' },
    LTE: { description: 'Holds at or below it.' },
    EQ: { description: 'Holds at exactly it.' },
  },
});

export const AlertLayer = {
  DATA_QUALITY: 'DATA_QUALITY',
  FEATURE_STABILITY: 'FEATURE_STABILITY',
  MODEL_EFFECT: 'MODEL_EFFECT',
  INFERENCE_PERFORMANCE: 'INFERENCE_PERFORMANCE',
  DELIVERY: 'DELIVERY',
  OPERATION: 'OPERATION',
} as const;

registerEnumType(AlertLayer, {
  name: 'AlertLayer',
  description: 'What part of the system a metric speaks of.',
  valuesConfig: {
    DATA_QUALITY: { description: 'Whether the data is right.' },
    FEATURE_STABILITY: { description: 'Whether the inputs are what models were trained on.' },
    MODEL_EFFECT: { description: 'Whether models, segments and experiments do what they should.' },
    INFERENCE_PERFORMANCE: { description: 'Whether predictions are answered, and how fast.' },
    DELIVERY: { description: 'Whether those who must know are told.' },
    OPERATION: { description: 'Whether the program itself is well.' },
  },
});

const SECONDS = '0..604,800 seconds.';
const CHANNELS = 'Names of configured channels, at most 20; alerts are in the graph in any case.';

@ObjectType('AlertRule', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'When somebody is to be told what.',
})
export class AlertRuleType extends NodeInterface {
  @Field(() => String, { description: 'Unique, 1..120 characters.' })
  name!: string;
  @Field(() => String, { description: 'For people; at most 1,000 characters.' })
  description!: string;
  @Field(() => String, { description: 'A name of `alertMetrics`.' })
  metric!: string;
  @Field(() => JsonObject, {
    description: 'Only series that carry these labels; each series has its own alert.',
  })
  labels!: Record<string, string>;
  @Field(() => ComparisonOperator, { description: 'How the value is held against the threshold.' })
  comparison!: Operator;
  @Field(() => Float, { description: 'In the unit of the metric.' })
  threshold!: number;
  @Field(() => Int, { description: `How long it must hold before it fires; ${SECONDS}` })
  forSeconds!: number;
  @Field(() => Int, { description: `How long it must not hold before it is over; ${SECONDS}` })
  keepFiringSeconds!: number;
  @Field(() => Severity, { description: 'Of its alerts.' })
  severity!: Level;
  @Field(() => [String], { description: CHANNELS })
  channels!: string[];
  @Field(() => Boolean, { description: 'Whether it is looked at.' })
  enabled!: boolean;
  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
  @Field(() => String, { description: 'Who made it: the name of a key, or `system`.' })
  createdBy!: string;
  @Field(() => DateTime, { description: 'When it was last changed.' })
  updatedAt!: Date;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was deleted; it is still there for its alerts.',
  })
  deletedAt!: Date | null;
}

@ObjectType('Alert', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'One incident: from the first look at which its rule held until it was over, however often it was looked at meanwhile.',
})
export class AlertType extends NodeInterface {
  /** uuid. */
  key!: string;
  /** uuid. */
  ruleId!: string;
  /** Where the change stands that this is the state at; null: the newest is looked up. */
  cursorThen!: string | null;

  @Field(() => AlertStatus, { description: 'Where it stands.' })
  status!: Status;
  @Field(() => Severity, { description: 'Of its rule.' })
  severity!: Level;
  @Field(() => String, { description: 'One sentence: rule, series, value and threshold.' })
  summary!: string;
  @Field(() => Float, { description: 'The newest measured, in the unit of the metric.' })
  value!: number;
  @Field(() => Float, { description: 'Of the rule, in the unit of the metric.' })
  threshold!: number;
  @Field(() => JsonObject, { description: 'Of the series, for example `{"model": "churn"}`.' })
  labels!: Record<string, string>;
  @Field(() => String, {
    description: 'The same for every incident of this series of this rule; one is open at a time.',
  })
  dedupKey!: string;
  @Field(() => DateTime, { description: 'When the rule began to hold.' })
  startedAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it fired; null while PENDING.' })
  firedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When somebody took it on.' })
  acknowledgedAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'Name of the key that did.' })
  acknowledgedBy!: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when channels are not told; null where it was not silenced.',
  })
  silencedUntil!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was over; null while it is open.',
  })
  resolvedAt!: Date | null;
  @Field(() => Int, { description: 'Grows by one at every change of status or severity.' })
  revision!: number;
}

@ObjectType('AlertEdge', { simpleResolvers: true, description: 'An alert in a page.' })
export class AlertEdgeType {
  @Field(() => String, { description: 'Pass as `after` to go on behind this alert.' })
  cursor!: string;
  @Field(() => AlertType, { description: 'The alert.' })
  node!: AlertType;
}

@ObjectType('AlertConnection', { simpleResolvers: true, description: 'A page of alerts.' })
export class AlertConnectionType {
  @Field(() => [AlertEdgeType], { description: 'The alerts with their cursors.' })
  edges!: AlertEdgeType[];
  @Field(() => [AlertType], { description: 'The alerts.' })
  nodes!: AlertType[];
  @Field(() => PageInfoType, { description: 'Whether there are more.' })
  pageInfo!: PageInfoType;
}

@ObjectType('AlertMetricReading', {
  simpleResolvers: true,
  description: 'What was measured of one series.',
})
export class AlertMetricReadingType {
  @Field(() => JsonObject, { description: 'Tell the series apart.' })
  labels!: Record<string, string>;
  @Field(() => Float, { description: 'In the unit of the metric.' })
  value!: number;
}

@ObjectType('AlertMetric', {
  simpleResolvers: true,
  description: 'A figure that rules can be made on.',
})
export class AlertMetricType {
  @Field(() => String, { description: 'Pass as `metric` of a rule.' })
  name!: string;
  @Field(() => String, { description: 'What it says, and over which window.' })
  description!: string;
  @Field(() => String, { description: 'share (0..1), seconds, count, index or flag (0 or 1).' })
  unit!: string;
  @Field(() => Float, { nullable: true, description: 'Smallest value; null: unbounded.' })
  min!: number | null;
  @Field(() => Float, { nullable: true, description: 'Largest value; null: unbounded.' })
  max!: number | null;
  @Field(() => AlertLayer, { description: 'What part of the system it speaks of.' })
  layer!: Layer;
  @Field(() => [String], { description: 'Names of the labels that its series carry.' })
  labels!: string[];
}

@InputType('AlertRuleInput', { description: 'A rule, whole: what is left out has its default.' })
export class AlertRuleInputType {
  @Field(() => String, { description: 'Unique, 1..120 characters.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'At most 1,000 characters.' })
  description?: string | null;
  @Field(() => String, { description: 'A name of `alertMetrics`.' })
  metric!: string;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'Only series that carry these labels; texts. Default: every series.',
  })
  labels?: Record<string, unknown> | null;
  @Field(() => ComparisonOperator, { description: 'How the value is held against the threshold.' })
  comparison!: Operator;
  @Field(() => Float, { description: 'In the unit of the metric; finite.' })
  threshold!: number;
  @Field(() => Int, {
    defaultValue: 0,
    description: `How long it must hold before it fires; ${SECONDS}`,
  })
  forSeconds!: number;
  @Field(() => Int, {
    nullable: true,
    defaultValue: 60,
    description: `How long it must not hold before it is over; ${SECONDS}`,
  })
  keepFiringSeconds?: number | null;
  @Field(() => Severity, { description: 'Of its alerts.' })
  severity!: Level;
  @Field(() => [String], { nullable: true, description: CHANNELS })
  channels?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether it is looked at; alerts of one that is not are over.',
  })
  enabled?: boolean | null;
}

@ObjectType('AlertRulePayload', { simpleResolvers: true, description: 'The rule, or why not.' })
export class AlertRulePayloadType {
  @Field(() => AlertRuleType, {
    nullable: true,
    description: 'The rule after the change; after a deletion as it was, with `deletedAt`.',
  })
  rule!: AlertRuleType | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was changed.' })
  userErrors!: UserErrorType[];
}

@ObjectType('AlertPayload', { simpleResolvers: true, description: 'The alert, or why not.' })
export class AlertPayloadType {
  @Field(() => AlertType, { nullable: true, description: 'The alert after the change.' })
  alert!: AlertType | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was changed.' })
  userErrors!: UserErrorType[];
}
