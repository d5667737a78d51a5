import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';
import type { QualityStatus as Status } from './quality.js';
import type { QualityTable as Table } from './table.js';

export const QualityStatus = { OK: 'OK', WARNING: 'WARNING', FAILED: 'FAILED' } as const;

registerEnumType(QualityStatus, {
  name: 'QualityStatus',
  description: 'How good data is, from good to bad.',
  valuesConfig: {
    OK: { description: 'As it should be.' },
    WARNING: { description: 'Somebody should look at it.' },
    FAILED: { description: 'Models should not read it.' },
  },
});

export const QualityTable = {
  CUSTOMER: 'CUSTOMER',
  EVENT: 'EVENT',
  TICKET: 'TICKET',
  DEVICE: 'DEVICE',
} as const;

registerEnumType(QualityTable, {
  name: 'QualityTable',
  description: 'A table that is watched.',
  valuesConfig: {
    CUSTOMER: { description: 'Profiles and their attributes.' },
    EVENT: { description: 'What customers did.' },
    TICKET: { description: 'Service tickets.' },
    DEVICE: { description: 'What customers come with.' },
  },
});

@ObjectType('ColumnQuality', { simpleResolvers: true, description: 'A column, as scanned.' })
export class ColumnQualityType {
  @Field(() => String, {
    description: 'With its table: `customer.email`, `customer.attributes.age`, `event.value`.',
  })
  name!: string;
  @Field(() => String, {
    description: 'number, text, boolean, instant, json; kinds met in an attribute joined by `or`.',
  })
  dataType!: string;
  @Field(() => Int, { description: 'Rows without a value; an empty text is none.' })
  missing!: number;
  @Field(() => Float, { description: 'Share of such rows, 0..1; 0 without rows.' })
  missingShare!: number;
  @Field(() => Int, {
    description: 'Different values; `distinctMethod` says how they were counted.',
  })
  distinct!: number;
  @Field(() => String, {
    description:
      'EXACT, or ESTIMATE beyond 250,000 rows: by values whose hash is in a sample of 2^-k, few values by rows in it.',
  })
  distinctMethod!: string;
  @Field(() => Int, {
    description:
      'Numbers beyond 1.5 interquartile ranges outside the quartiles; of events within their type. Beyond 250,000 rows the borders come from an even sample.',
  })
  outliers!: number;
  @Field(() => Int, {
    description: 'Numbers more than 3 standard deviations from the mean, with the same borders.',
  })
  outliers3Sigma!: number;
  @Field(() => Boolean, {
    description:
      "Empty by design for some rows: its status is told but does not count for the report's, unless a rule says `present`.",
  })
  optional!: boolean;
  @Field(() => QualityStatus, {
    description: 'OK below a tenth missing, WARNING from exactly a tenth on.',
  })
  status!: Status;
}

@ObjectType('QualityCheck', { simpleResolvers: true, description: 'A rule, as scanned.' })
export class QualityCheckType {
  @Field(() => String, { description: 'Name of the rule.' })
  name!: string;
  @Field(() => String, { description: 'The rule in one line.' })
  rule!: string;
  @Field(() => Int, { description: 'Rows that the rule looks at.' })
  rows!: number;
  @Field(() => Int, { description: 'Rows that break it.' })
  violations!: number;
  @Field(() => Int, {
    description: 'Rows looked at that came in, or changed, since the scan before and in 24 hours.',
  })
  freshRows!: number;
  @Field(() => Int, { description: 'Of these, rows that break it.' })
  freshViolations!: number;
  @Field(() => [ID], { description: 'The first rows that break it, at most 20: `User:42` …' })
  sampleIds!: string[];
  @Field(() => QualityStatus, {
    description:
      "OK unbroken; the rule's severity where more than its tolerance of all or of the fresh rows break it; else WARNING.",
  })
  status!: Status;
}

@ObjectType('SourceQuality', {
  simpleResolvers: true,
  description: 'Rows of a source, and how late they come in.',
})
export class SourceQualityType {
  @Field(() => QualityTable, { description: 'The table.' })
  table!: Table;
  @Field(() => String, { description: 'Name of the source.' })
  source!: string;
  @Field(() => Int, { description: 'Rows held.' })
  rows!: number;
  @Field(() => Int, { description: 'Rows that came in since the scan before and in 24 hours.' })
  received!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Of those, the longest time from the fact to its arrival, in seconds.',
  })
  maxLagSeconds!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Of those, the 99th percentile of that time (interpolated), in seconds.',
  })
  p99LagSeconds!: number | null;
}

@ObjectType('CrossSourceCheck', {
  simpleResolvers: true,
  description: 'Accuracy: facts (customer, type, instant) that two sources tell.',
})
export class CrossSourceCheckType {
  @Field(() => Int, { description: 'Facts told by two sources or more.' })
  told!: number;
  @Field(() => Int, { description: 'Facts for which all of them tell the same value.' })
  agreed!: number;
}

@ObjectType('CategoryShare', { simpleResolvers: true, description: 'A value of an attribute.' })
export class CategoryShareType {
  @Field(() => String, { description: 'The value as text.' })
  value!: string;
  @Field(() => Float, { description: 'Share among customers who have the attribute, 0..1.' })
  share!: number;
  @Field(() => Float, {
    description: 'Share among those of them who were active in the last 30 days, 0..1.',
  })
  activeShare!: number;
}

@ObjectType('SamplingBias', {
  simpleResolvers: true,
  description: 'Whether active customers are like all customers in an attribute.',
})
export class SamplingBiasType {
  @Field(() => String, {
    description:
      'The attribute: text or boolean, of at most 20 values; those of under 5 customers are left out.',
  })
  attribute!: string;
  @Field(() => [CategoryShareType], { description: 'Most frequent first; at most 20.' })
  categories!: CategoryShareType[];
  @Field(() => Float, {
    description:
      'Chance of such differences among like customers, 0..1: chi-square test of active against not active.',
  })
  pValue!: number;
}

@ObjectType('DistributionShift', {
  simpleResolvers: true,
  description: 'How far a number moved in a week.',
})
export class DistributionShiftType {
  @Field(() => String, {
    description:
      '`event.value of purchase`, `ticket.satisfaction`, or an attribute (by when customers registered).',
  })
  column!: string;
  @Field(() => Float, {
    description:
      'Population stability index of the last 7 days against the 30 before, in tenths of the latter; >= 0, from 0.25 on a shift.',
  })
  psi!: number;
  @Field(() => Int, { description: 'Values in the 30 days.' })
  referenceRows!: number;
  @Field(() => Int, { description: 'Values in the 7 days.' })
  currentRows!: number;
}

@ObjectType('ColumnMissing', { simpleResolvers: true, description: 'A column on a day.' })
export class ColumnMissingType {
  @Field(() => String, { description: 'With its table.' })
  column!: string;
  @Field(() => Float, { description: 'Share of rows without a value, 0..1.' })
  missingShare!: number;
}

@ObjectType('QualityPoint', {
  simpleResolvers: true,
  description: 'A day: the newest scan of each table on it.',
})
export class QualityPointType {
  @Field(() => DateTime, { description: 'Midnight (UTC) at its start.' })
  day!: Date;
  @Field(() => Int, { description: 'Rows of the tables.' })
  rows!: number;
  @Field(() => [ColumnMissingType], { description: 'Every column; at most some hundreds.' })
  missing!: ColumnMissingType[];
  @Field(() => Int, { description: 'Rows that break a rule, summed over the rules.' })
  violations!: number;
  @Field(() => Int, { description: 'As of the report.' })
  duplicates!: number;
  @Field(() => Float, { nullable: true, description: 'As of the report, in seconds.' })
  timelinessSeconds!: number | null;
  @Field(() => QualityStatus, { description: 'The worst of the tables.' })
  status!: Status;
}

@ObjectType('DataQualityReport', {
  simpleResolvers: true,
  description: 'What the newest scan of each table found. One statement looks at a table.',
})
export class DataQualityReportType {
  @Field(() => [QualityTable], { description: 'The tables it is about.' })
  tables!: Table[];
  @Field(() => DateTime, {
    description: 'The instant that rules call now; the earliest scan counts.',
  })
  asOf!: Date;
  @Field(() => DateTime, { description: 'When the scan ended, real time; the earliest counts.' })
  scannedAt!: Date;
  @Field(() => Float, { description: 'How long the scans took, summed, in seconds.' })
  seconds!: number;
  @Field(() => Int, { description: 'Rows looked at.' })
  rows!: number;
  @Field(() => [ColumnQualityType], {
    description: 'Columns, then the 100 most frequent attributes of customers.',
  })
  columns!: ColumnQualityType[];
  @Field(() => [QualityCheckType], { description: 'Enabled rules, by name; at most 100.' })
  checks!: QualityCheckType[];
  @Field(() => Int, {
    description:
      'Rows in excess of the first of their like: customers of one e-mail address (case ignored); events of one source, customer, type, instant and value; tickets of one customer, issue, instant and text; devices whose keys differ in case or outer spaces. Tells, does not judge: a rule `unique` judges.',
  })
  duplicates!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'Timeliness: the longest time from a fact to its arrival among rows that came in since the scan before and in 24 hours, in seconds. An import of history counts. Null when none came in.',
  })
  timelinessSeconds!: number | null;
  @Field(() => [SourceQualityType], {
    description: 'Events and tickets by source, most rows first.',
  })
  sources!: SourceQualityType[];
  @Field(() => CrossSourceCheckType, {
    nullable: true,
    description: 'Accuracy as agreement of sources; null without events in the report.',
  })
  crossSource!: CrossSourceCheckType | null;
  @Field(() => [SamplingBiasType], { description: 'One a categorical attribute; at most 100.' })
  bias!: SamplingBiasType[];
  @Field(() => [DistributionShiftType], {
    description: 'Numbers that both windows have values of.',
  })
  shift!: DistributionShiftType[];
  @Field(() => QualityStatus, {
    description: 'The worst of the checks and of the columns that are not `optional`.',
  })
  status!: Status;
}

@ObjectType('QualityRun', {
  simpleResolvers: true,
  description: 'What a job that looked at the data did; what it found is `dataQuality`.',
})
export class QualityRunType {
  @Field(() => [QualityTable], { description: 'The tables looked at, at most one of each.' })
  tables!: Table[];
  @Field(() => Int, { description: 'Rows of the tables.' })
  rows!: number;
  @Field(() => QualityStatus, { description: 'The worst of the tables.' })
  status!: Status;
  @Field(() => Float, { description: 'Wall time of the last attempt, in seconds.' })
  seconds!: number;
}
