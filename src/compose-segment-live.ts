import { announcer } from './announcer.js';
import type { Plant } from './compose-models.js';
import type { FilterExtensions } from './user/user-filter.js';
import type { GroupExtensions } from './user/user-groups.js';
import { UserGroupsResolver } from './user/user-groups.resolver.js';
import { readUserGroups } from './user/user-groups.store.js';
import type { UserLoaders } from './user/user-loaders.js';
import { toUserType } from './user/user.type.js';
import type { FeatureDefinition } from './feature/feature.js';
import type { ReadFeatures } from './feature/read-features.js';
import { UserGroupFeatureResolver } from './feature/user-group-feature.resolver.js';
import type { Feed } from './graphql/feeds.js';
import type { RequestContext } from './graphql/context.js';
import { oncePerRequest } from './graphql/once-per-request.js';
import type { Serving } from './model/serving.js';
import { riskDimension } from './prediction/group-risk.js';
import { newestScores } from './prediction/group-scores.store.js';
import { UserGroupScoreResolver } from './prediction/user-group-score.resolver.js';
import {
  DistributionResolver,
  type DistributionDeps,
} from './segment/live/distribution.resolver.js';
import { countedKeys } from './segment/live/distribution.store.js';
import {
  membershipLoaders,
  type MembershipLoadersDeps,
} from './segment/live/membership-loaders.js';
import { explainMemberships } from './segment/live/explain-memberships.js';
import { reassessChanged } from './segment/live/reassess-changed.js';
import { replayMemberships } from './segment/live/replay-memberships.js';
import { MembershipReplayResolver } from './segment/live/replay-memberships.resolver.js';
import { segmentFeeds, SegmentChangedResolver } from './segment/live/segment-changed.resolver.js';
import { segmentCondition } from './segment/live/segment-filter.js';
import './segment/live/segment-filter.type.js';
import { segmentDimensions } from './segment/live/segment-groups.js';
import {
  MembershipReasonResolver,
  SegmentMembershipResolver,
  SegmentStayResolver,
  UserSegmentResolver,
  type SegmentOf,
} from './segment/live/user-segment.resolver.js';
import type { SegmentationModel, SegmentServing } from './segment/segmentation.js';
import { composeMemberships } from './compose-memberships.js';
import { assessCustomers, readListed } from './segment/live/assess-customers.js';
import type { Assign } from './segment/live/assess-users.js';

/** Parts of the filter of customers that segments add; for the store of customers, which is made before them. */
export function segmentFilters(serving: () => Pick<SegmentServing, 'current'>): FilterExtensions {
  return { segment: (argument, parameters) => segmentCondition(serving())(argument, parameters) };
}

/** What live memberships stand on. */
export interface SegmentLiveParts {
  plant: Pick<Plant, 'db' | 'bus' | 'clock' | 'log'>;
  assign: Assign;
  /** What a question is answered with; default: `assign`. Following and replaying always run the graph. */
  remembered?: Assign;
  readFeatures: ReadFeatures;
  users: UserLoaders;
  serving: SegmentServing;
  segmentationByKey(key: string): Promise<SegmentationModel | null>;
  /** Batched by the request. */
  segmentOf: SegmentOf;
  /** Names of the segments of a segmentation, by key, read once a request; default: the keys. */
  names?(context: RequestContext, modelId: string): Promise<ReadonlyMap<string, string>>;
  /** Customers by segment, read once a request and shared with whoever else counts; default: read here. */
  countedKeys?: DistributionDeps['countedKeys'];
  /** Default: what the version's clusterer says. */
  explain?: MembershipLoadersDeps['explain'];
  /** The registry of features, read once a request. */
  registry(context: RequestContext): Promise<FeatureDefinition[]>;
  /** Models that score, for the bands and means of groups. */
  models: Pick<Serving, 'current'>;
  /** What else customers can be grouped by. */
  groups?: GroupExtensions;
}

/** Who is in which segment: asked, followed, counted, filtered by, grouped by, replayed. */
export function composeSegmentLive(parts: SegmentLiveParts): {
  resolvers: object[];
  feeds: Record<string, Feed>;
  /** Something happened to these customers: they are reassessed in the background. */
  customersChanged(userIds: Iterable<number>): void;
  /** Resolves once nobody waits for that. */
  idle(): Promise<void>;
  close(): Promise<void>;
} {
  const { plant, assign, serving, segmentOf, users, readFeatures, segmentationByKey } = parts;
  const { db, bus, clock, log } = plant;
  const assessing = composeMemberships({
    ...plant,
    announce: announcer(plant),
    readFeatures,
    assign,
  });
  const { memberships } = assessing;
  const loaders = membershipLoaders({
    ...assessing,
    assign: parts.remembered ?? assign,
    serving,
    explain: parts.explain ?? explainMemberships,
  });
  const following = reassessChanged({
    live: () => serving.all(),
    assess: async (served, ids, signal) =>
      assessCustomers(
        assessing,
        served,
        await readListed(assessing, served, ids, clock.now()),
        signal,
      ),
    log,
    clock,
  });
  const groups: GroupExtensions = {
    ...segmentDimensions(serving),
    RISK: riskDimension(parts.models),
    ...parts.groups,
  };
  const replaying = {
    segmentationByKey,
    newest: memberships.newest,
    useVersion: serving.use.bind(serving),
    assign,
  };
  return {
    resolvers: [
      new UserSegmentResolver({
        serving,
        isKnown: oncePerRequest(async (key) => (await segmentationByKey(key)) !== null),
        loaders,
      }),
      new SegmentMembershipResolver({ segmentOf, loaders }),
      new MembershipReasonResolver({ names: parts.names ?? (() => Promise.resolve(new Map())) }),
      new SegmentStayResolver({ segmentOf }),
      new SegmentChangedResolver({
        segmentOf,
        userOf: async (context, id) => {
          const user = await users.byId(context).load(id);
          return user && toUserType(user, context.viewer);
        },
      }),
      new DistributionResolver({
        countedKeys: parts.countedKeys ?? oncePerRequest(countedKeys(db)),
      }),
      new MembershipReplayResolver({
        replay: (question, signal) => replayMemberships(replaying, question, signal),
      }),
      new UserGroupsResolver({
        readGroups: readUserGroups(
          db,
          groups,
          segmentFilters(() => serving),
        ),
      }),
      new UserGroupFeatureResolver({ registry: parts.registry, readFeatures }),
      new UserGroupScoreResolver({ serving: parts.models, newestScores: newestScores(db) }),
    ],
    feeds: segmentFeeds({
      subscribe: (topic) => bus.subscribe(topic),
      staysByIds: memberships.staysByIds,
      serving,
    }),
    customersChanged: following.changed,
    idle: following.idle,
    close: following.close,
  };
}
