import type DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { FeatureValueType, type FeatureType } from '../feature/feature.type.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { featureTypeCache, OPTED_OUT, typedValue } from '../feature/to-feature-values.js';
import type { Reference } from '../model/judge/judgement.js';
import type { ModelInputs } from '../model/model-inputs.js';
import { versionNode, type ModelVersionNode } from '../model/model-nodes.js';
import { ModelVersionType } from '../model/model.type.js';
import type { Serving } from '../model/serving.js';
import type { ModelLoaders } from '../model/version-loaders.js';
import { reportOf } from '../model/version-report.js';
import type { User } from '../user/user.js';
import { toUserType, UserType } from '../user/user.type.js';
import { cellOf, valueOf } from './input-rows.js';
import { placeOf, placesOf, type Place } from './place.js';
import type { PredictionLoaders } from './prediction-loaders.js';
import type { Explainable, PredictionNode } from './prediction-node.js';
import { OutcomeType, PredictionType, ReasonType, ScoredRowType } from './prediction.type.js';
import type { InputRow } from './prediction.js';
import {
  largestContributions,
  reasonText,
  reasonTextWithoutValue,
  type Contribution,
  type InputValue,
} from './reason.js';

export interface PredictionResolverDeps {
  loaders: PredictionLoaders;
  modelLoaders: Pick<ModelLoaders, 'version'>;
  userLoader(context: RequestContext): DataLoader<number, User | null>;
  serving: Pick<Serving, 'version'>;
}

/** A row of `score`, with what its reasons need. */
export type ScoredRowNode = ScoredRowType & {
  explainable: Explainable;
  asOf: Date;
  scoredAt: Date;
};

type Explained = Pick<PredictionNode, 'explainable' | 'asOf' | 'scoredAt' | 'optedOut'>;

const STANDARD_REASONS = 5;
const typesOfRequest = perRequest(() => featureTypeCache());

/** How the inputs of a score are shown. */
function inputValue(
  context: RequestContext,
  { asOf, scoredAt, optedOut }: Explained,
  feature: FeatureDefinition,
  cell: number | string | null,
): FeatureValueType {
  const type: FeatureType = typesOfRequest(context)(feature);
  const ageSeconds = (context.clock.wall().getTime() - scoredAt.getTime()) / 1000;
  const value = optedOut ? OPTED_OUT : typedValue(feature, cell);
  return { feature: type, name: feature.name, ...value, asOf, computedAt: scoredAt, ageSeconds };
}

/** A reason whose value and words are made when asked for: a thousand customers have five thousand. */
class ReasonNode implements ReasonType {
  readonly feature: string;
  readonly contribution: number;

  constructor(
    private readonly reason: Contribution,
    private readonly definition: FeatureDefinition,
    private readonly row: InputRow,
    private readonly inputs: ModelInputs,
    private readonly optedOut: boolean,
    private readonly reference: Reference | undefined,
    private readonly shown: (cell: number | string | null) => FeatureValueType,
    /** Of the rules or the score card, where they answered. */
    private readonly words: string | undefined,
  ) {
    this.feature = reason.feature;
    this.contribution = reason.contribution;
  }

  get direction(): 'RAISES' | 'LOWERS' {
    return this.contribution > 0 ? 'RAISES' : 'LOWERS';
  }

  get value(): FeatureValueType {
    return this.shown(cellOf(this.row, this.inputs, this.feature));
  }

  get text(): string {
    const { reason, definition } = this;
    if (this.optedOut) return reasonTextWithoutValue(reason);
    if (this.words !== undefined) return this.words;
    return reasonText(reason, this.told, definition.unit, this.place?.text ?? null);
  }

  get percentile(): number | null {
    return this.optedOut ? null : (this.place?.percentile ?? null);
  }

  private get told(): InputValue {
    return valueOf(this.row, this.inputs, this.definition);
  }

  private get place(): Place | null {
    return placeOf(this.reference, this.told);
  }
}

async function reasonsOf(
  deps: Pick<PredictionResolverDeps, 'loaders' | 'serving'>,
  context: RequestContext,
  explained: Explained,
  first: number,
): Promise<ReasonType[]> {
  if (first < 0 || first > 1000)
    throw new AppError('INVALID', `first must be 0..1000, got ${first}`);
  const { explainable } = explained;
  if (!explainable) return [];
  const explanation = await deps.loaders.explanation(context).load(explainable);
  if (!explanation) return [];
  const { inputs, features, version } = await deps.serving.version(explainable.modelVersionId);
  const places = placesOf(reportOf(version));
  return largestContributions(explanation.inputs, explanation.values, first).map((reason) => {
    const feature = features.find(({ name }) => name === reason.feature);
    if (!feature) throw new AppError('INTERNAL', `${reason.feature} is no input of the version`);
    const { optedOut } = explained;
    const place = places.get(feature.name);
    const shown = (cell: number | string | null): FeatureValueType =>
      inputValue(context, explained, feature, cell);
    const words = explanation.texts?.[explanation.inputs.indexOf(feature.name)];
    return new ReasonNode(
      reason,
      feature,
      explainable.inputs,
      inputs,
      optedOut,
      place,
      shown,
      words,
    );
  });
}

/** The answer of a model: whose, by which version, why, from what, and what came of it. */
@Resolver(() => PredictionType)
export class PredictionResolver {
  constructor(private readonly deps: PredictionResolverDeps) {}

  @FieldResolver(() => UserType, { description: 'The customer.' })
  async user(
    @Root() { userId }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<UserType> {
    const user = await this.deps.userLoader(context).load(userId);
    if (!user) throw new AppError('NOT_FOUND', `customer ${userId} is gone`);
    return toUserType(user, context.viewer);
  }

  @FieldResolver(() => ModelVersionType, {
    nullable: true,
    description: 'The version that scored; null where there is no score, or rules gave it.',
  })
  async modelVersion(
    @Root() { explainable }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode | null> {
    if (!explainable || explainable.byRules) return null;
    const version = await this.deps.modelLoaders.version(context).load(explainable.modelVersionId);
    return version && versionNode(version);
  }

  @FieldResolver(() => [ReasonType], {
    description:
      'Additive contributions, largest absolute first; `baseValue` plus all of them is the logit of `probability`. None where there is no score, or while the model that gave it cannot be asked; of rules, the way to their answer; without values once the customer has opted out.',
  })
  reasons(
    @Root() prediction: PredictionNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 5,
      description: 'Reasons at most, 0..1000.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<ReasonType[]> {
    return reasonsOf(this.deps, context, prediction, wanted ?? STANDARD_REASONS);
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: 'Log-odds before any reason; null where there is no score.',
  })
  async baseValue(
    @Root() { explainable }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<number | null> {
    if (!explainable) return null;
    const explanation = await this.deps.loaders.explanation(context).load(explainable);
    return explanation?.baseValue ?? null;
  }

  @FieldResolver(() => [FeatureValueType], {
    description:
      'What the score was computed from, in the order of the version’s features; missing as OPTED_OUT once the customer has opted out.',
  })
  async inputs(
    @Root() prediction: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<FeatureValueType[]> {
    const { explainable } = prediction;
    if (!explainable) return [];
    const { inputs, features } = await this.deps.serving.version(explainable.modelVersionId);
    return features.map((feature) =>
      inputValue(context, prediction, feature, cellOf(explainable.inputs, inputs, feature.name)),
    );
  }

  @FieldResolver(() => OutcomeType, {
    nullable: true,
    description: 'The first outcome known at or after `asOf`; null while there is none.',
  })
  outcome(
    @Root() { modelId, userId, asOf }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<OutcomeType | null> {
    return this.deps.loaders.outcome(context).load({ modelId, userId, at: asOf });
  }
}

/** The reasons of a row that belongs to nobody. */
@Resolver(() => ScoredRowType)
export class ScoredRowResolver {
  constructor(private readonly deps: Pick<PredictionResolverDeps, 'loaders' | 'serving'>) {}

  @FieldResolver(() => [ReasonType], {
    description: 'Additive contributions in log-odds, largest absolute first.',
  })
  reasons(
    @Root() row: ScoredRowNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 5,
      description: 'Reasons at most, 0..1000.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<ReasonType[]> {
    const { explainable, asOf, scoredAt } = row;
    const explained = { explainable, asOf, scoredAt, optedOut: false };
    return reasonsOf(this.deps, context, explained, wanted ?? STANDARD_REASONS);
  }
}
