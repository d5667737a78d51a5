import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { CalendarDay, DateTime, JsonObject } from '../graphql/scalars.js';
import { LatencySummaryType } from '../prediction/model-health.type.js';
import type { Rating } from './rating.js';

export const RatingEnum = {
  EXCELLENT: 'EXCELLENT',
  GOOD: 'GOOD',
  FAIR: 'FAIR',
  NEEDS_IMPROVEMENT: 'NEEDS_IMPROVEMENT',
  POOR: 'POOR',
  VERY_POOR: 'VERY_POOR',
} as const satisfies Record<Rating, Rating>;

registerEnumType(RatingEnum, {
  name: 'Rating',
  description:
    'Points of a day: errors below 1 % two, below 5 % one; answers below 0.5 s on average two, below 1 s one; diversity above 0.3 one. What was not measured gives none.',
  valuesConfig: {
    EXCELLENT: { description: '5 points.' },
    GOOD: { description: '4 points.' },
    FAIR: { description: '3 points.' },
    NEEDS_IMPROVEMENT: { description: '2 points.' },
    POOR: { description: '1 point.' },
    VERY_POOR: { description: 'No point: either all is bad, or nothing was measured.' },
  },
});

@ObjectType('DailyReport', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'How a day of the calendar (UTC, wall time) went.',
})
export class DailyReportType extends NodeInterface {
  @Field(() => CalendarDay, { description: 'The day.' })
  date!: string;
  @Field(() => Boolean, { description: 'True of a day that goes on: it is not stored.' })
  soFar!: boolean;
  @Field(() => String, { description: 'How it went, in a sentence.' })
  health!: string;
  @Field(() => RatingEnum, { description: 'Its grade.' })
  rating!: Rating;
  @Field(() => Int, { description: 'Predictions written to the ledger.' })
  predictions!: number;
  @Field(() => Int, { description: 'Questions to models, answered or not.' })
  requests!: number;
  @Field(() => Float, {
    description: 'Share of the questions that failed, 0..1; 0 where there were none.',
  })
  errorRate!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'Share of the questions answered by rules or older scores, 0..1; null where there were none.',
  })
  fallbackRate!: number | null;
  @Field(() => LatencySummaryType, {
    description: 'Time of answers on demand; null values where there were none.',
  })
  latencyMs!: LatencySummaryType;
  @Field(() => Float, {
    nullable: true,
    description:
      '1 - sum of the squared shares of the live segments when the report was written; null while no segmentation is live.',
  })
  diversity!: number | null;
  @Field(() => Int, { description: 'Alerts that fired.' })
  alertsFired!: number;
  @Field(() => Int, { description: 'Alerts that ended.' })
  alertsResolved!: number;
  @Field(() => Int, { description: 'Alerts that were not over at the end of the day.' })
  alertsFiring!: number;
  @Field(() => [String], {
    description: 'Models whose newest drift report of the day says that they drifted, by name.',
  })
  drifted!: string[];
  @Field(() => [String], { description: 'What should be done; at most ten.' })
  recommendations!: string[];
  @Field(() => String, { description: 'All of it as a page of Markdown.' })
  markdown!: string;
  @Field(() => JsonObject, { description: 'Every figure, as src/report/daily-report.ts has it.' })
  figures!: Record<string, unknown>;
  @Field(() => DateTime, { description: 'When it was written, wall time.' })
  createdAt!: Date;
}

@ObjectType('DailyReportConnection', {
  simpleResolvers: true,
  description: 'Daily reports, newest day first.',
})
export class DailyReportConnectionType {
  @Field(() => [DailyReportType], { description: 'The reports of this page.' })
  nodes!: DailyReportType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

export const AuditReportKind = {
  MODEL: 'MODEL',
  EXPERIMENT: 'EXPERIMENT',
  SEGMENTATION: 'SEGMENTATION',
} as const;
export type AuditReportKind = keyof typeof AuditReportKind;

registerEnumType(AuditReportKind, {
  name: 'AuditReportKind',
  description: 'What a report for audit is about.',
  valuesConfig: {
    MODEL: { description: 'A version of a model.' },
    EXPERIMENT: { description: 'An experiment.' },
    SEGMENTATION: { description: 'A version of a segmentation.' },
  },
});

@ObjectType('AuditReport', {
  simpleResolvers: true,
  description: 'Data, parameters, metrics and approvals of one thing, in one place.',
})
export class AuditReportType {
  @Field(() => AuditReportKind, { description: 'What it is about.' })
  kind!: AuditReportKind;
  @Field(() => ID, { description: 'Id of the thing.' })
  subject!: string;
  @Field(() => String, { description: 'Heading.' })
  title!: string;
  @Field(() => String, { description: 'A page of Markdown.' })
  markdown!: string;
  @Field(() => JsonObject, {
    description:
      'For programs: `data`, `parameters`, `metrics`, `approvals` and what else is known of the thing.',
  })
  data!: Record<string, unknown>;
  @Field(() => DateTime, { description: 'When it was put together, wall time.' })
  generatedAt!: Date;
}
