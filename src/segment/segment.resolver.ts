import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import type { UserFilter } from '../user/user-filter.js';
import { userCursor } from '../user/user-page.js';
import type { UserStore } from '../user/user.store.js';
import { toUserType, UserConnectionType } from '../user/user.type.js';
import type { StandingFilter } from './live/segment-filter.js';
import { personaLocale, type PersonaLocale } from './persona/rule-text.js';
import type { SegmentationNode, SegmentNode } from './segment-nodes.js';
import { SegmentationType, SegmentType } from './segment.type.js';

export interface SegmentResolverDeps {
  /** Names of the segments of a segmentation, by key; read once a request. Those that rules gave are translated. */
  names(
    context: RequestContext,
    modelId: string,
    locale: PersonaLocale,
  ): Promise<ReadonlyMap<string, string>>;
  /** Customers now in each segment of the live version, by key; read once a request. */
  liveSizes(context: RequestContext, modelId: string): Promise<ReadonlyMap<string, number>>;
  users: Pick<UserStore, 'page' | 'count'>;
}

/** A segment: its name, size and customers. */
@Resolver(() => SegmentType)
export class SegmentResolver {
  constructor(private readonly deps: SegmentResolverDeps) {}

  @FieldResolver(() => SegmentationType, { description: 'The version it is a segment of.' })
  segmentation(@Root() { segmentation }: SegmentNode): SegmentationNode {
    return segmentation;
  }

  @FieldResolver(() => String, { description: 'For people; stays with the key over re-runs.' })
  async name(
    @Root() { key, segmentation }: SegmentNode,
    @Arg('locale', () => String, {
      nullable: true,
      defaultValue: 'en',
      description: 'Names that rules gave are told in en or zh; names that people gave stay.',
    })
    locale: string | null,
    @Ctx() context: RequestContext,
  ): Promise<string> {
    const language = personaLocale(locale ?? 'en');
    return (await this.deps.names(context, segmentation.model.id, language)).get(key) ?? key;
  }

  @FieldResolver(() => Int, {
    description: 'Customers in it: now for the live version, else when the version was made.',
  })
  async size(@Root() segment: SegmentNode, @Ctx() context: RequestContext): Promise<number> {
    return (await this.sizeOf(segment, context)).size;
  }

  @FieldResolver(() => Float, { description: 'Share of all customers in segments, 0..1.' })
  async share(@Root() segment: SegmentNode, @Ctx() context: RequestContext): Promise<number> {
    return (await this.sizeOf(segment, context)).share;
  }

  @FieldResolver(() => UserConnectionType, {
    description:
      'The customers who are now in the segment of this key, by when they were made; none where the live version has no such segment.',
  })
  async users(
    @Root() { key, segmentation }: SegmentNode,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<UserConnectionType> {
    authorise(context, 'user:list');
    // by key: a version that is not live may have segments that the live one has not
    const segment: StandingFilter = { modelId: segmentation.model.id, standing: key };
    const filter: UserFilter = { extra: { segment } };
    const first = pageSize(wanted);
    const page = { filter, order: [], after: after ?? null, limit: first + 1 };
    const rows = await this.deps.users.page(page);
    const users = new Page(rows, first, userCursor([]), (row) => toUserType(row, context.viewer));
    return Object.assign(users, { count: () => this.deps.users.count(filter) });
  }

  private async sizeOf(
    { key, segmentation, report }: SegmentNode,
    context: RequestContext,
  ): Promise<{ size: number; share: number }> {
    if (!segmentation.live) return report;
    const sizes = await this.deps.liveSizes(context, segmentation.model.id);
    const size = sizes.get(key) ?? 0;
    const total = [...sizes.values()].reduce((sum, each) => sum + each, 0);
    return { size, share: total === 0 ? 0 : size / total };
  }
}
