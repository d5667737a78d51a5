import { Arg, FieldResolver, Resolver, Root } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { encodeId } from '../kernel/id.js';
import type { QualityReport } from '../quality/quality-report.js';
import { DataQualityReportType } from '../quality/quality.type.js';
import { labelsOf } from './known-labels.js';
import type { ReadLabelNoise } from './label-noise.store.js';
import { LabelBalanceType, LabelNoiseType } from './label-quality.type.js';
import type { BehaviourLabelQuery, Labels } from './labels.js';
import type { Model } from './model.js';

export interface LabelQualityDeps {
  models(): Promise<Model[]>;
  modelByName(name: string): Promise<Model | null>;
  behaviourLabels(query: BehaviourLabelQuery): Promise<Labels>;
  outcomeLabels(query: { modelId: string; until: Date }): Promise<Labels>;
  labelNoise: ReadLabelNoise;
}

const METHOD =
  'recorded outcomes against the events of their horizon; labels by the rule among customers of equal attributes';

/** What the report tells of labels. */
@Resolver(() => DataQualityReportType)
export class LabelQualityResolver {
  constructor(private readonly deps: LabelQualityDeps) {}

  @FieldResolver(() => [LabelBalanceType], {
    description: 'Label balance of every model as of the report, by name; one statement a model.',
  })
  async labelBalance(@Root() { asOf }: QualityReport): Promise<LabelBalanceType[]> {
    const models = await this.deps.models();
    return Promise.all(
      models.map(async (model) => balanceOf(model, asOf, await labelsOf(this.deps, model, asOf))),
    );
  }

  @FieldResolver(() => LabelNoiseType, {
    description: 'Label noise of a model as of the report; three statements.',
  })
  async labelNoise(
    @Root() { asOf }: QualityReport,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    name: string,
  ): Promise<LabelNoiseType> {
    const model = await this.deps.modelByName(name);
    if (!model) throw new AppError('NOT_FOUND', `no model is named ${name}`);
    const labels = await labelsOf(this.deps, model, asOf);
    const rule = model.spec.label;
    const { sampleUserIds, ...counts } = await this.deps.labelNoise({
      modelId: model.id,
      // without a rule on behaviour no outcome can contradict it
      ...(rule.kind === 'NO_EVENT'
        ? { eventTypes: rule.eventTypes, horizonDays: rule.horizonDays, until: asOf }
        : { eventTypes: [], horizonDays: 0, until: new Date(0) }),
      labels,
    });
    return {
      ...counts,
      model: name,
      sampleIds: sampleUserIds.map((id) => encodeId('User', id)),
      method: METHOD,
    };
  }
}

/** Shares of both classes. */
export function balanceOf(
  { name }: Pick<Model, 'name'>,
  until: Date,
  { positive: flags }: Pick<Labels, 'positive'>,
): LabelBalanceType {
  const labelled = flags.length;
  const positive = flags.filter(Boolean).length;
  const [smaller, larger] = [positive, labelled - positive].sort((a, b) => a - b);
  return {
    model: name,
    until,
    labelled,
    positive,
    positiveShare: labelled > 0 ? positive / labelled : null,
    imbalanceRatio: smaller && larger ? larger / smaller : null,
  };
}
