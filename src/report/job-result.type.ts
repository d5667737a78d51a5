import { createUnionType, Field, Float, Int, ObjectType } from 'type-graphql';
import { ProfileRunType } from '../feature/feature-statistics.type.js';
import { ImportRunType } from '../job/job.type.js';
import { ModelType, ModelVersionType } from '../model/model.type.js';
import { QualityRunType } from '../quality/quality.type.js';
import { FeatureSelectionType } from '../model/selection.type.js';
import { DriftReferenceType, DriftReportType } from '../drift/drift.type.js';
import { SegmentationType } from '../segment/segment.type.js';
import { DailyReportType } from './report.type.js';

@ObjectType('ScoreRun', { simpleResolvers: true, description: 'What a run over everyone did.' })
export class ScoreRunType {
  @Field(() => ModelType, { description: 'The model that scored.' })
  model!: ModelType;
  @Field(() => Int, { description: 'Customers that got a score.' })
  rows!: number;
  @Field(() => Int, { description: 'Those at or above the threshold.' })
  positive!: number;
  @Field(() => Float, { description: 'Wall time of the last attempt, in seconds.' })
  seconds!: number;
  @Field(() => Float, { description: 'Rows written a second, in the last attempt.' })
  rowsPerSecond!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'Seconds spent reading features, in the last attempt; reading, scoring and writing overlap.',
  })
  readSeconds?: number | undefined;
  @Field(() => Float, { nullable: true, description: 'Seconds spent in the model.' })
  scoreSeconds?: number | undefined;
  @Field(() => Float, { nullable: true, description: 'Seconds spent writing the ledger.' })
  writeSeconds?: number | undefined;
}

/** What jobs of each kind leave behind. Declared in the last room that has a member. */
export const JobResultUnion = createUnionType({
  name: 'JobResult',
  description: 'What a job left behind; the kind of the job says which.',
  types: () =>
    [
      ModelVersionType,
      ScoreRunType,
      ImportRunType,
      FeatureSelectionType,
      ProfileRunType,
      QualityRunType,
      SegmentationType,
      DriftReportType,
      DriftReferenceType,
      DailyReportType,
    ] as const,
  resolveType: (value) => {
    if ('driftedShare' in value) return DriftReportType;
    if ('markdown' in value) return DailyReportType;
    if ('windowFrom' in value) return DriftReferenceType;
    if ('chosenBecause' in value) return SegmentationType;
    if ('positiveShare' in value) return FeatureSelectionType;
    if ('featureNames' in value) return ModelVersionType;
    if ('fitted' in value) return ProfileRunType;
    if ('tables' in value) return QualityRunType;
    return 'rowsPerSecond' in value ? ScoreRunType : ImportRunType;
  },
});
