import {
  createPostgresBackend,
  isPgPool,
  Queue as RedisQueue,
  runMigrations,
  UnrecoverableError,
  WaitingError,
  withBackend,
  Worker as RedisWorker,
  type Job,
  type PgPool,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { AppError } from '../kernel/error.js';
import { connectRedis } from './bus-redis.js';
import { cannotReach, reasonOf, reconnectDelayMs, sessionOptions } from './connection.js';
import { UnrecoverableJobError, type Delivery, type Log, type Queues } from './ports.js';
import { upholdSchedules } from './uphold-schedules.js';

export interface QueuesOptions {
  databaseUrl: string;
  /** With it the jobs lie in Redis, else in PostgreSQL's schema `bullmq`. */
  redisUrl: string | null;
  log: Log;
  /** Start of every Redis key. */
  redisPrefix?: string;
  /** Pause before the second attempt; doubles from attempt to attempt. */
  retryDelayMs?: number;
  /** How long `close` waits for running jobs after their signal fired. */
  closeGraceMs?: number;
  /** How often it is looked whether Redis still knows what recurs; 10 s unless told. */
  upholdEveryMs?: number;
  /** Who follows work from process to process; without it nothing of it is kept. */
  tracing?: QueueTracing;
}

/** Traces of work that waits in a queue. */
export interface QueueTracing {
  /** What an entry carries of the trace it was added in; null outside of one. */
  carried(): string | null;
  /** Runs the work of a delivery; `carried` is what its entry carries. */
  run(
    delivery: { queue: string; attempt: number; payload: unknown; carried: string | null },
    work: () => Promise<void>,
  ): Promise<void>;
}

/** The part of BullMQ that is used, the same for both backends. */
type Processor = (job: Job, token?: string, signal?: AbortSignal) => Promise<void>;
interface WorkerOptions {
  concurrency: number;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
  runRetryDelay: number;
}
type AnyQueue = Pick<
  RedisQueue,
  'add' | 'upsertJobScheduler' | 'getJobScheduler' | 'getJobCounts' | 'close' | 'waitUntilReady'
> & { on(event: 'error', listener: (error: Error) => void): unknown };
type AnyWorker = Pick<RedisWorker, 'waitUntilReady' | 'close' | 'cancelJob' | 'cancelAllJobs'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
};
interface Backend {
  openQueue(name: string): AnyQueue;
  openWorker(name: string, process: Processor, options: WorkerOptions): AnyWorker;
  close(): Promise<void>;
}

/**
 * A worker that dies by kill -9 leaves its job locked: another takes it after at most
 * lockDuration + 2 stalledInterval = 10 s. Locks are renewed every 2.5 s, so a worker may block its
 * event loop that long without losing them.
 */
const LOCK = { lockDuration: 5_000, stalledInterval: 2_500, maxStalledCount: 5 };
const KEEP_COMPLETED = { count: 200, age: 24 * 3_600 };
const KEEP_FAILED = { count: 500, age: 7 * 24 * 3_600 };
const DEFAULT_ATTEMPTS = 4;
const UPHOLD_EVERY_MS = 10_000;
const JOB_NAME = 'job';

/**
 * Opens the job queues. On PostgreSQL the pool takes at most 4 connections for commands and one more
 * for each worker (its LISTEN); on Redis it is 2, and one more for each worker.
 * @throws AppError UNAVAILABLE when the backend cannot be reached now
 */
export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { log, retryDelayMs = 1_000, closeGraceMs = 10_000 } = options;
  const backend = await (options.redisUrl === null
    ? openPostgresBackend(options.databaseUrl, log)
    : openRedisBackend(options.redisUrl, options.redisPrefix ?? 'augury', log));
  const queues = new Map<string, AnyQueue>();
  const workers: AnyWorker[] = [];
  let closing: Promise<void> | null = null;

  const reporter = (name: string): ((error: Error) => void) => {
    let lastMs = 0;
    return (error) => {
      // A lost server repeats itself several times a second.
      const nowMs = performance.now();
      if (closing || (lastMs !== 0 && nowMs - lastMs < 5_000)) return;
      lastMs = nowMs;
      log.warn({ queue: name, reason: reasonOf(error) }, 'the job queue reports an error');
    };
  };
  const queueOf = (name: string): AnyQueue => {
    if (closing) throw new AppError('UNAVAILABLE', 'the job queues are closed');
    const known = queues.get(name);
    if (known) return known;
    const queue = backend.openQueue(name);
    queue.on('error', reporter(name));
    queues.set(name, queue);
    return queue;
  };
  const reach = async <T>(name: string, work: (queue: AnyQueue) => Promise<T>): Promise<T> => {
    const queue = queueOf(name);
    try {
      return await work(queue);
    } catch (error) {
      throw new AppError('UNAVAILABLE', `job queue "${name}" does not answer: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  };
  const schedules = upholdSchedules(options.upholdEveryMs ?? UPHOLD_EVERY_MS, (error) => {
    if (!closing) log.warn({ reason: reasonOf(error) }, 'what recurs could not be looked after');
  });
  const jobOptions = (attempts: number): object => ({
    attempts,
    backoff: { type: 'exponential', delay: retryDelayMs },
    removeOnComplete: KEEP_COMPLETED,
    removeOnFail: KEEP_FAILED,
  });

  return {
    async add(name, payload, { jobId, delayMs = 0, attempts = DEFAULT_ATTEMPTS } = {}) {
      const carried = options.tracing?.carried() ?? null;
      await reach(name, (queue) =>
        queue.add(JOB_NAME, payload, {
          ...jobOptions(attempts),
          delay: delayMs,
          // Not BullMQ's jobId: that would block a new job as long as the finished one is kept.
          ...(jobId === undefined ? {} : { deduplication: { id: jobId } }),
          ...(carried === null ? {} : { telemetry: { metadata: carried } }),
        }),
      );
    },
    async work(name, { concurrency }, process) {
      if (closing) throw new AppError('UNAVAILABLE', 'the job queues are closed');
      const work = options.tracing ? tracedWork(name, process, options.tracing) : process;
      const run = processorOf(work, () => closing !== null);
      const worker = backend.openWorker(name, run, { ...LOCK, concurrency, runRetryDelay: 1_000 });
      worker.on('error', reporter(name));
      worker.on('lockRenewalFailed', (jobIds) => {
        // Another worker may hold these by now.
        for (const jobId of jobIds) worker.cancelJob(jobId, 'the lock of the job was lost');
      });
      workers.push(worker);
      await worker.waitUntilReady();
    },
    async schedule(name, key, every, payload) {
      const put = (): Promise<unknown> =>
        reach(name, (queue) =>
          queue
            .upsertJobScheduler(
              key,
              'cron' in every ? { pattern: every.cron, tz: 'UTC' } : { every: every.everyMs },
              { name: JOB_NAME, data: payload, opts: jobOptions(DEFAULT_ATTEMPTS) },
            )
            .catch(unlessPutMeanwhile),
        );
      await put();
      if (options.redisUrl === null) return; // PostgreSQL forgets nothing
      const isThere = (): Promise<boolean> =>
        reach(name, async (queue) => Boolean(await queue.getJobScheduler(key)));
      schedules.uphold(`${name} ${key}`, { isThere, put });
    },
    depth: (name) =>
      reach(name, async (queue) => {
        const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'failed');
        const of = (state: string): number => counts[state] ?? 0;
        return {
          waiting: of('wait') + of('prioritized'),
          active: of('active'),
          failed: of('failed'),
        };
      }),
    close() {
      closing ??= Promise.all([
        closeAll(workers, queues, backend, closeGraceMs, log),
        schedules.close(),
      ]).then(() => undefined);
      return closing;
    },
  };
}

type Work = (delivery: Delivery, job: Job) => Promise<void>;

function tracedWork(
  queue: string,
  process: (delivery: Delivery) => Promise<void>,
  tracing: QueueTracing,
): Work {
  return (delivery, job) => {
    const carried = job.opts.telemetry?.metadata ?? null;
    const { attempt, payload } = delivery;
    return tracing.run({ queue, attempt, payload, carried }, () => process(delivery));
  };
}

/** Wraps a processor: what BullMQ must know of its errors, and a stop is no failed attempt. */
function processorOf(process: Work, isClosing: () => boolean): Processor {
  // Three declared parameters: BullMQ makes a signal only for those.
  return async (job, token, signal) => {
    try {
      const delivery = {
        payload: job.data as unknown,
        attempt: job.attemptsMade + 1,
        signal: signal ?? new AbortController().signal,
      };
      await process(delivery, job);
    } catch (error) {
      if (error instanceof UnrecoverableJobError) throw new UnrecoverableError(error.message);
      if (isClosing() && signal?.aborted) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      throw error;
    }
  };
}

async function closeAll(
  workers: AnyWorker[],
  queues: Map<string, AnyQueue>,
  backend: Backend,
  graceMs: number,
  log: Log,
): Promise<void> {
  const closed = Promise.all(
    workers.map((worker) => {
      const done = worker.close();
      worker.cancelAllJobs('the worker stops');
      return done;
    }),
  ).then(() => true);
  if (!(await within(graceMs, closed)))
    log.warn({ graceMs }, 'jobs did not stop in time: they will be run again by another worker');
  await within(
    1_000,
    Promise.all([...queues.values()].map((queue) => queue.close())).then(() => true),
  );
  await within(
    1_000,
    backend.close().then(() => true),
  );
}

async function within(limitMs: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const COMMAND_CONNECTIONS = 4;

async function openPostgresBackend(url: string, log: Log): Promise<Backend> {
  const pool = new pg.Pool({
    ...sessionOptions(url, { search_path: 'bullmq' }),
    max: COMMAND_CONNECTIONS,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    application_name: 'augury queue',
  });
  pool.setMaxListeners(0); // every BullMQ object listens on the shared pool
  let closing = false;
  pool.on('error', (error) => {
    if (!closing) log.warn({ reason: reasonOf(error) }, 'the job queue lost a connection');
  });
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw cannotReach('PostgreSQL', url, error, 'start it or correct DATABASE_URL');
  }
  // `backend` in the options of the plain classes is ignored, and they dial Redis on localhost.
  const { Queue, Worker } = withBackend(createPostgresBackend);
  if (!isPgPool(pool)) throw new AppError('INTERNAL', 'BullMQ does not know our pool');
  const connection: PgPool = pool;
  return {
    openQueue: (name) => new Queue(name, { connection }),
    openWorker(name, process, options) {
      // A worker keeps one client for LISTEN; without room for it, everything waits for ever.
      pool.options.max += 1;
      return new Worker(name, process, { ...options, connection });
    },
    async close() {
      closing = true;
      await pool.end();
    },
  };
}

async function openRedisBackend(url: string, prefix: string, log: Log): Promise<Backend> {
  const open = async (maxRetriesPerRequest: number | null): Promise<Redis> => {
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: 10_000,
      maxRetriesPerRequest,
      retryStrategy: reconnectDelayMs,
    });
    await connectRedis(client, url);
    let closing = false;
    client.on('end', () => (closing = true));
    client.on('error', (error) => {
      if (!closing) log.debug({ reason: reasonOf(error) }, 'the job queue lost Redis');
    });
    return client;
  };
  // Adds fail soon when Redis is away; workers wait for it without end.
  const commands = await open(2);
  const blocking = await open(null).catch((error: unknown) => {
    commands.disconnect();
    throw error;
  });
  const keys = { prefix: `${prefix}:queue` };
  return {
    openQueue: (name) => new RedisQueue(name, { ...keys, connection: commands }),
    openWorker: (name, process, options) =>
      new RedisWorker(name, process, { ...options, ...keys, connection: blocking }),
    close() {
      commands.disconnect();
      blocking.disconnect();
      return Promise.resolve();
    },
  };
}

/** Two workers that start at once put the same turn: the one that was there first is as good. */
function unlessPutMeanwhile(error: unknown): null {
  if (error instanceof Error && error.message.includes('job ID already exists')) return null;
  throw error;
}
