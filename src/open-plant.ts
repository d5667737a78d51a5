import { onStatement, openTracesOf, queueTracing, scorerTracing } from './compose-traces.js';
import type { Plant } from './compose-models.js';
import type { Clock } from './kernel/clock.js';
import { openBus } from './plant/bus.js';
import { openDatabase } from './plant/database.js';
import type { Config } from './plant/env.js';
import type { Metrics } from './plant/metrics.js';
import type { Bus, Log, Queues } from './plant/ports.js';
import { openQueues } from './plant/queue.js';
import type { Traces } from './plant/traces.js';
import type { Scorer } from './scorer/ports.js';
import { openScorer } from './scorer/scorer.js';

/** What a process of an installation is opened with. */
export interface PlantOptions {
  databaseUrl: string;
  redisUrl: string | null;
  config: Pick<
    Config,
    'databasePool' | 'provider' | 'redisPrefix' | 'scorerQueueRows' | 'scorerWorkers' | 'tracesUrl'
  >;
  log: Log;
  clock: Clock;
}

/** What every process has open, and its traces, where they are on. */
export type TracedPlant = Plant & { traces: Traces | null };

/** Opens database, bus, scorer and queues at once; what was opened is pushed to `opened`, to be undone last first. */
export async function openPlant(
  { databaseUrl, redisUrl, config, log, clock }: PlantOptions,
  opened: (() => Promise<void>)[],
  metrics?: Pick<Metrics, 'sqlStatement' | 'sqlAnswer' | 'busEvent' | 'scorerRun'>,
  service = 'augury',
): Promise<TracedPlant> {
  const { redisPrefix } = config;
  const traces = await openTracesOf(config.tracesUrl, service, log);
  if (traces) opened.push(() => traces.close());
  const db = openDatabase(databaseUrl, {
    max: config.databasePool,
    onError: (error) => {
      log.warn({ err: error }, 'an idle database connection failed');
    },
    ...onStatement(clock, metrics ?? null, traces),
  });
  opened.push(() => db.close());
  const keep = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const part = await opening;
    opened.push(() => part.close());
    return part;
  };
  const [bus, scorer, queues] = await settled<[Bus, Scorer, Queues]>([
    keep(
      openBus({
        databaseUrl,
        redisUrl,
        redisPrefix,
        log,
        ...(metrics ? { onEvent: metrics.busEvent } : {}),
      }),
    ),
    keep(
      openScorer({
        provider: config.provider,
        workers: config.scorerWorkers,
        maxQueuedRows: config.scorerQueueRows,
        log,
        ...(metrics ? { onRun: metrics.scorerRun } : {}),
        ...(traces ? { onCall: scorerTracing(traces) } : {}),
      }),
    ),
    keep(
      openQueues({
        databaseUrl,
        redisUrl,
        redisPrefix,
        log,
        ...(traces ? { tracing: queueTracing(traces) } : {}),
      }),
    ),
  ]);
  return { db, bus, queues, scorer, clock, log, traces };
}

/** Waits until all have settled before the first failure is told: what opened late must be known to be closed. */
async function settled<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const parts: readonly Promise<unknown>[] = work;
  await Promise.allSettled(parts);
  return (await Promise.all(parts)) as unknown as T;
}
