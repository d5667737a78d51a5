import { Arg, Ctx, FieldResolver, Int, Mutation, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../graphql/context.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import { liveFeed } from '../graphql/live-feed.js';
import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import { CalendarDay } from '../graphql/scalars.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from './feature.js';
import { FEATURE_PROFILED_TOPIC, featuresProfiledMessage } from './feature.messages.js';
import type {
  FeatureDay,
  FeatureDays,
  FeatureStatisticsStore,
} from './feature-statistics.store.js';
import { FeatureDayType, toFeatureDay } from './feature-statistics.type.js';
import { FeatureType, toFeatureType } from './feature.type.js';
import { planProfileRun } from './profile-features.js';

export interface FeatureStatisticsResolverDeps {
  days: FeatureStatisticsStore['days'];
  submitJob: SubmitJob;
}

type DaysAsked = Omit<FeatureDays, 'featureIds'>;

const MAX_DAYS = 1_000;
const DEFAULT_DAYS = 90;

/** What is known of the values of a feature, day by day. */
@Resolver(() => FeatureType)
export class FeatureStatisticsResolver {
  private readonly daysOf: LoaderByArguments<DaysAsked, string, FeatureDay[]>;

  constructor(private readonly deps: FeatureStatisticsResolverDeps) {
    this.daysOf = loaderByArguments(
      ({ since, until, first }) => `${since} ${until} ${first}`,
      async (featureIds: readonly string[], asked) => {
        const days = await deps.days({ featureIds, ...asked });
        const groups = new Map<string, FeatureDay[]>(featureIds.map((id) => [id, []]));
        for (const day of days) groups.get(day.featureId)?.push(day);
        return featureIds.map((id) => groups.get(id) ?? []);
      },
    );
  }

  @FieldResolver(() => [FeatureDayType], {
    description:
      'Its distribution day by day, newest first, as PROFILE jobs stored it: missing values, outliers, mean, quantiles.',
  })
  async monitoring(
    @Root() { feature }: FeatureType,
    @Arg('since', () => CalendarDay, {
      nullable: true,
      description: 'First day; default 90 days before `until`.',
    })
    since: string | null,
    @Arg('until', () => CalendarDay, { nullable: true, description: 'Last day; default today.' })
    until: string | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: DEFAULT_DAYS,
      description: 'Days at most, 0..1,000.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<FeatureDayType[]> {
    const first = wanted ?? DEFAULT_DAYS;
    if (first < 0 || first > MAX_DAYS)
      throw new AppError('INVALID', `first must be 0..${MAX_DAYS}, got ${first}`);
    const last = until ?? dayOf(liveAsOf(context));
    const from = since ?? dayOf(new Date(Date.parse(last) - DEFAULT_DAYS * DAY_MS));
    if (from > last)
      throw new AppError('INVALID', `since must be at most until ${last}, got ${from}`);
    const asked = { since: from, until: last, first };
    const days = await this.daysOf(context, asked).load(feature.id);
    return days.map(toFeatureDay);
  }

  @Mutation(() => JobPayloadType, {
    description:
      'Computes the distribution of every feature over the customers as of now, one row a feature and day; follow the job.',
  })
  async profileFeatures(@Ctx() context: RequestContext): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const input = planProfileRun(liveAsOf(context));
    const job = await this.deps.submitJob('PROFILE', input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }

  @Subscription(() => FeatureType, {
    topics: 'featureProfiled',
    topicId: toFeed,
    description: 'Every version of a feature whose distribution was computed, from now on.',
  })
  featureProfiled(
    @Root() feature: FeatureType,
    @Arg('name', () => String, { nullable: true, description: 'Only versions of this feature.' })
    _name: string | null,
  ): FeatureType {
    return feature;
  }
}

function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

export interface FeatureFeedDeps {
  subscribe: (topic: string) => AsyncIterableIterator<unknown>;
  registry: () => Promise<FeatureDefinition[]>;
}

/** The source of the subscription `featureProfiled`. */
export function featureFeeds(deps: FeatureFeedDeps): { featureProfiled: Feed } {
  return {
    featureProfiled: ({ args, context }) => {
      authorise(context, 'feature:read');
      const name = typeof args['name'] === 'string' ? args['name'] : null;
      return liveFeed(
        () => deps.subscribe(FEATURE_PROFILED_TOPIC),
        async function* (messages) {
          const known = name === null || (await deps.registry()).some((each) => each.name === name);
          if (!known) throw new AppError('NOT_FOUND', `no feature is registered as ${name}`);
          for await (const message of messages) {
            const { ids } = featuresProfiledMessage.parse(message);
            const profiled = (await deps.registry()).filter(
              (feature) => ids.includes(feature.id) && (name === null || feature.name === name),
            );
            for (const feature of profiled) yield toFeatureType(feature);
          }
        },
      );
    },
  };
}
