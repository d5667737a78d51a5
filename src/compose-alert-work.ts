import { hostname } from 'node:os';
import { auditStore } from './access/audit.store.js';
import type { MetricReading } from './alert/alert.js';
import { alertChangeStore } from './alert/alert-change.store.js';
import { alertRuleStore } from './alert/alert-rule.store.js';
import { alertStore } from './alert/alert.store.js';
import { evaluateAlerts, metricReader } from './alert/evaluate-alerts.js';
import { metricReaders } from './alert/metric.store.js';
import { recordService, type ServiceRecorder } from './alert/record-service.js';
import { serviceSampleStore } from './alert/service-sample.store.js';
import { writeAlertRules } from './alert/write-alert-rules.js';
import { announcer } from './announcer.js';
import type { Plant } from './compose-models.js';
import { uuidv7 } from './kernel/uuid.js';
import { feedBusTopic } from './plant/feed-log.js';

export interface AlertWorkParts {
  plant: Pick<Plant, 'db' | 'bus' | 'clock' | 'log'>;
  /** What rules may name. */
  channelNames: readonly string[];
  /** How often `evaluate` is called, milliseconds; default 15 s. */
  everyMs?: number;
  /** Names of models in production that fail a probe of this process; default: none is probed. */
  unhealthyModels?(): Promise<readonly string[]>;
}

/** Rules, alerts and their evaluation, without the graph: for server and worker. */
export function composeAlertWork(parts: AlertWorkParts) {
  const { plant, channelNames, unhealthyModels, everyMs } = parts;
  const { db, clock, log } = plant;
  const announce = announcer(plant);
  const wall = (): Date => clock.wall();
  const newId = (): string => uuidv7(clock.wall());
  const rules = alertRuleStore(db);
  const changes = alertChangeStore(db, auditStore);
  const readers = metricReaders(db);
  const readMetric = metricReader({
    readers: {
      ...readers,
      model_unhealthy: async (now) =>
        withProbes(await readers.model_unhealthy(now), (await unhealthyModels?.()) ?? []),
    },
  });
  // changes and what channels are told are in one log: who sends follows the same topic
  const onChanged = (): void => {
    announce(feedBusTopic('alert'), {});
  };
  const samples = serviceSampleStore(db);
  return {
    alerts: alertStore(db),
    rules,
    changes,
    readMetric,
    onChanged,
    writing: writeAlertRules({
      change: changes.change,
      seed: rules.seed,
      channelNames: () => channelNames,
      ...{ onChanged, newId, wall },
    }),
    /** Upkeep, every tick: one look at every rule. */
    evaluate: evaluateAlerts({
      rules: rules.list,
      claimTick: changes.claimTick,
      change: changes.change,
      onUnreadable: (metric, error) => {
        log.warn({ err: error, metric }, 'a metric of alerts cannot be read');
      },
      ...{ readMetric, onChanged, newId, wall },
      ...(everyMs === undefined ? {} : { everyMs }),
    }),
    /** Upkeep, daily. */
    forgetSamples: () => samples.forget(clock.wall()),
  };
}

export type AlertWork = ReturnType<typeof composeAlertWork>;

/** What this process counts for rules on rates and latencies; written every 10 s and when it is closed. */
export function startServiceRecorder(plant: Pick<Plant, 'db' | 'clock' | 'log'>): ServiceRecorder {
  const store = serviceSampleStore(plant.db);
  const name = `${hostname()}:${process.pid}`;
  return recordService({
    write: (samples) => store.write(name, samples),
    wall: () => plant.clock.wall(),
    onFailure: (error) => {
      plant.log.warn({ err: error }, 'counts for alerts cannot be written; they are kept');
    },
  });
}

function withProbes(
  readings: readonly MetricReading[],
  unhealthy: readonly string[],
): MetricReading[] {
  const failed = new Set(unhealthy);
  return readings.map((reading) =>
    failed.has(reading.labels['model'] ?? '') ? { ...reading, value: 1 } : reading,
  );
}
