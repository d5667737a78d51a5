import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { ModelVersionNode } from '../model/model-nodes.js';
import { ModelVersionType } from '../model/model.type.js';
import type { ShadowLosses } from './shadow.js';
import type { ShadowAgreement } from './shadow.store.js';
import { ShadowReportType } from './shadow.type.js';

export interface ShadowResolverDeps {
  agreement(modelVersionIds: readonly string[]): Promise<ShadowAgreement[]>;
  /** Of a version, by this process. */
  losses(modelVersionId: string): ShadowLosses;
}

/** The field of a version that points to what it would have answered. */
@Resolver(() => ModelVersionType)
export class ShadowResolver {
  private readonly agreement: (
    context: RequestContext,
  ) => DataLoader<string, ShadowAgreement | null>;

  constructor(private readonly deps: ShadowResolverDeps) {
    this.agreement = perRequest(
      () =>
        new DataLoader<string, ShadowAgreement | null>(async (ids) => {
          const found = await deps.agreement(ids);
          const byId = new Map(found.map((each) => [each.modelVersionId, each]));
          return ids.map((id) => byId.get(id) ?? null);
        }),
    );
  }

  @FieldResolver(() => ShadowReportType, {
    nullable: true,
    description:
      'What it would have answered while it was in SHADOW, beside what was answered; null when it was never asked.',
  })
  async shadowReport(
    @Root() { key }: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<ShadowReportType | null> {
    const found = await this.agreement(context).load(key);
    if (!found) return null;
    const { predictions, disagreements } = found;
    const { dropped, errors } = this.deps.losses(key);
    return { ...found, disagreementShare: disagreements / predictions, dropped, errors };
  }
}
