import type { Announce } from './announcer.js';
import type { ReadFeatures } from './feature/read-features.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';
import type { Assign, AssessUsersDeps } from './segment/live/assess-users.js';
import { membershipStore, type MembershipStore } from './segment/live/membership.store.js';
import { segmentTopic } from './segment/segment.messages.js';

/** What decides and writes down who is in which segment; the server and the worker have the same. */
export function composeMemberships(parts: {
  db: Database;
  clock: Clock;
  announce: Announce;
  readFeatures: ReadFeatures;
  assign: Assign;
}): AssessUsersDeps & { memberships: MembershipStore; clock: Clock } {
  const { db, clock, announce, readFeatures, assign } = parts;
  return {
    readFeatures,
    assign,
    memberships: membershipStore(db),
    publishMoves: (modelId, message) => {
      announce(segmentTopic(modelId), message);
    },
    clock,
  };
}
