import { AccessResolver } from './access/access.resolver.js';
import type { composePrivacyRoom } from './compose-privacy.js';
import type { composeIngest } from './compose-data.js';
import { deviceTicketResolvers } from './compose-device-ticket-resolvers.js';
import type { ComposedEventUpkeep } from './compose-event-upkeep.js';
import type { composeJobs, Plant } from './compose-models.js';
import { EventNamesResolver } from './event/event-names.resolver.js';
import { eventNamesStore } from './event/event-names.store.js';
import { EventResolver, UserEventsResolver } from './event/event.resolver.js';
import { eventsLoader } from './event/events-loader.js';
import { RetentionResolver } from './event/retention.resolver.js';
import { cancelJob } from './job/cancel-job.js';
import { JobResolver } from './job/job.resolver.js';
import { RejectedRowResolver } from './job/rejected-row.resolver.js';
import type { RejectedRowStore } from './job/rejected-row.store.js';
import { setConsent } from './user/set-consent.js';
import type { UserLoaders } from './user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from './user/user.resolver.js';

/** What the fields of the data rooms are answered from. */
export interface DataResolverParts {
  plant: Plant;
  privacy: Pick<ReturnType<typeof composePrivacyRoom>, 'personalRead'>;
  jobs: ReturnType<typeof composeJobs>;
  rejected: RejectedRowStore;
  ingest: ReturnType<typeof composeIngest>;
  users: UserLoaders;
  events: { days: number; upkeep: Pick<ComposedEventUpkeep, 'partitions'> };
}

/** Access, jobs, customers, devices, events, tickets in the graph. */
export function dataResolvers(parts: DataResolverParts): object[] {
  const { plant, privacy, jobs, rejected, ingest, users, events } = parts;
  const { db, clock } = plant;
  const cancelling = {
    cancelRow: jobs.store.cancel,
    getJob: jobs.store.get,
    publishJob: jobs.publishJob,
  };
  return [
    new AccessResolver(),
    new JobResolver({
      getJob: jobs.store.get,
      jobPage: jobs.store.page,
      cancelJob: (id) => cancelJob(cancelling, id),
    }),
    new RejectedRowResolver({
      page: rejected.page,
      userIds: ingest.users.idsByExternalId,
      tellPersonalRead: privacy.personalRead,
    }),
    new UserResolver({
      users: ingest.users,
      loaders: users,
      upsertUsers: ingest.upsertUsers,
      setConsent: setConsent({ setConsent: ingest.setConsent, wall: () => clock.wall() }),
      personalRead: privacy.personalRead,
    }),
    new UserConnectionResolver(),
    ...deviceTicketResolvers(db, ingest, users, privacy.personalRead),
    new EventResolver({ recordEvents: ingest.recordEvents, users }),
    new UserEventsResolver({
      events: eventsLoader(ingest.events),
      knownTypeIds: ingest.types.knownIdsOf,
    }),
    new EventNamesResolver(eventNamesStore(db)),
    new RetentionResolver({ days: events.days, partitions: events.upkeep.partitions }),
  ];
}
