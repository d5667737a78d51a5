import { Arg, Ctx, FieldResolver, Float, Int, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError } from '../kernel/error.js';
import {
  explore,
  topPairs,
  type Activity,
  type Eda,
  type EdaDataset as Dataset,
  type EdaDeps,
  type FeatureHistogram,
  type FeaturePair,
} from './eda.js';
import {
  ActivityHistogramType,
  ChurnCohortType,
  CorrelationMatrixType,
  EdaDataset,
  EdaReportType,
  FeatureCorrelationType,
  FeatureHistogramType,
} from './eda.type.js';
import { QUALITY_COLUMNS } from './table.js';

/** Exploratory analysis, ready to plot. */
@Resolver(() => EdaReportType)
export class EdaResolver {
  constructor(private readonly deps: EdaDeps) {}

  @Query(() => EdaReportType, { description: 'The data set; each field is read when it is asked.' })
  eda(
    @Ctx() context: RequestContext,
    @Arg('dataset', () => EdaDataset, { defaultValue: 'CUSTOMERS', description: 'Rows of what.' })
    dataset: Dataset,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Whose labels count.' })
    model: string,
    @Arg('asOf', () => DateTime, { nullable: true, description: 'Default now.' })
    asOf: Date | null,
  ): Eda {
    authorise(context, 'quality:read');
    authorise(context, 'feature:read');
    return explore(this.deps, { dataset, model, asOf: asOf ?? context.clock.now() });
  }

  @FieldResolver(() => Int, { description: 'Rows of the data set.' })
  async rows(@Root() eda: Eda): Promise<number> {
    return (await eda.shape()).rows;
  }

  @FieldResolver(() => Int, { description: 'Columns of the data set.' })
  columns(@Root() eda: Eda): Promise<number> | number {
    return eda.dataset === 'EVENTS' ? QUALITY_COLUMNS.EVENT.length : eda.featureCount();
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    name: 'from',
    description: 'The first event; null without one.',
  })
  async firstEvent(@Root() eda: Eda): Promise<Date | null> {
    return (await eda.shape()).from;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    name: 'until',
    description: 'The last event before `asOf`; null without one.',
  })
  async lastEvent(@Root() eda: Eda): Promise<Date | null> {
    return (await eda.shape()).until;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: 'Labels of the larger class for one of the smaller, >= 1; null without both.',
  })
  imbalanceRatio(@Root() eda: Eda): Promise<number | null> {
    return eda.imbalanceRatio();
  }

  @FieldResolver(() => [FeatureCorrelationType], {
    description: 'Pairs of numeric features with the largest |r|, largest first.',
  })
  async correlations(
    @Root() eda: Eda,
    @Arg('first', () => Int, { defaultValue: 20, description: '1..1,000' }) first: number,
  ): Promise<FeaturePair[]> {
    bounded('first', first, 1_000);
    return topPairs(await eda.matrix(), first);
  }

  @FieldResolver(() => CorrelationMatrixType, {
    description: 'The first 100 numeric features by name.',
  })
  async correlationMatrix(@Root() eda: Eda): Promise<CorrelationMatrixType> {
    const { names, r } = await eda.matrix();
    const values = Array.from(r, (value) => (Number.isNaN(value) ? null : value));
    return { names, values };
  }

  @FieldResolver(() => [ChurnCohortType], {
    description: 'Labels by month of registration, newest first; at most 120 months.',
  })
  async churnByCohort(@Root() eda: Eda): Promise<ChurnCohortType[]> {
    return (await eda.cohorts()).map((cohort) => ({
      ...cohort,
      share: cohort.labelled > 0 ? cohort.positive / cohort.labelled : null,
    }));
  }

  @FieldResolver(() => ActivityHistogramType, { description: 'When events happen.' })
  activityHistogram(@Root() eda: Eda): Promise<Activity> {
    return eda.activity();
  }

  @FieldResolver(() => [FeatureHistogramType], { description: 'Histograms of numeric features.' })
  histograms(
    @Root() eda: Eda,
    @Arg('features', () => [String], {
      nullable: true,
      description: 'At most 100 names; default the first 20 by name.',
    })
    features: string[] | null,
    @Arg('bins', () => Int, { defaultValue: 20, description: '1..200' }) bins: number,
  ): Promise<FeatureHistogram[]> {
    bounded('bins', bins, 200);
    if (features) bounded('features', features.length, 100);
    return eda.histograms(features ?? null, bins);
  }
}

function bounded(name: string, value: number, most: number): void {
  if (value < 1 || value > most)
    throw new AppError('INVALID', `${name} must be 1..${most}, got ${value}`);
}
