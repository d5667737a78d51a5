import { announcer } from './announcer.js';
import type { composeModels, Plant } from './compose-models.js';
import { feedBusTopic } from './plant/feed-log.js';
import { startFollowingRisk } from './prediction/follow-risk.js';
import { riskLevelStore } from './prediction/risk-level.store.js';

/** Follows the ledger for customers who come into another band of risk; the worker closes it before its database. */
export function composeRiskWork(parts: {
  plant: Pick<Plant, 'db' | 'bus' | 'clock' | 'log'>;
  models: { store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'list'> };
}): { close(): Promise<void> } {
  const { plant, models } = parts;
  const { db, bus, clock, log } = plant;
  const announce = announcer(plant);
  return startFollowingRisk({
    store: riskLevelStore(db),
    listModels: models.store.list,
    subscribe: (topic) => bus.subscribe(topic),
    announceCrossings: () => {
      announce(feedBusTopic('risk'), {});
    },
    clock,
    onInterrupted: (error) => {
      log.warn({ err: error }, 'following the risk was interrupted; it goes on where it was');
    },
  });
}
