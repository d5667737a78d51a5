import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BusEvent } from './bus.js';

/** What /metrics answers: the few figures by which an operator judges a process. */
export interface Metrics {
  /** One GraphQL operation from its first byte to its last. */
  request(
    labels: {
      transport: 'http' | 'websocket';
      operation: 'query' | 'mutation' | 'subscription' | 'unknown';
      outcome: 'ok' | 'error';
    },
    seconds: number,
  ): void;
  /** One SQL statement was sent. */
  sqlStatement(): void;
  /** One ONNX run of `rows` rows. */
  scorerRun(
    labels: { provider: string; outcome: 'ok' | 'error' },
    rows: number,
    seconds: number,
  ): void;
  busEvent(event: BusEvent, amount: number): void;
  /** The registry of features was looked at: true where what was remembered would do. */
  registryLook(hit: boolean): void;
  /** Answers of models, by where they came from. */
  answers(what: { source: string; count: number }): void;
  /** Reads rows that wait for a model run, at each scrape. */
  watchScorerQueue(rows: () => number): void;
  /** Reads the depth of the job queues, at each scrape; one that does not answer is left out. */
  watchQueues(
    names: readonly string[],
    depth: (name: string) => Promise<{ waiting: number; active: number; failed: number }>,
  ): void;
  /** Prometheus' text format. */
  render(): Promise<{ contentType: string; body: string }>;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROWS = [1, 10, 100, 1_000, 10_000, 100_000];

/** Opens the figures of one process, with Node's own (memory, event loop, garbage collection). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'augury_' });
  const registers = [registry];
  const requests = new Histogram({
    name: 'augury_request_seconds',
    help: 'Duration of GraphQL operations',
    labelNames: ['transport', 'operation', 'outcome'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const statements = new Counter({
    name: 'augury_sql_statements_total',
    help: 'SQL statements sent',
    registers,
  });
  const runs = new Histogram({
    name: 'augury_scorer_run_seconds',
    help: 'Duration of ONNX runs',
    labelNames: ['provider', 'outcome'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const rows = new Histogram({
    name: 'augury_scorer_run_rows',
    help: 'Rows of an ONNX run',
    buckets: ROWS,
    registers,
  });
  const bus = new Counter({
    name: 'augury_bus_messages_total',
    help: 'Messages published, delivered and dropped, and subscribers that were too slow',
    labelNames: ['event'],
    registers,
  });
  const looks = new Counter({
    name: 'augury_registry_cache_looks_total',
    help: 'Looks at the registry of features: hits were answered from memory, misses read the table',
    labelNames: ['outcome'],
    registers,
  });
  const answers = new Counter({
    name: 'augury_answers_total',
    help: 'Answers of models: by the model itself, remembered, by rules, imagined',
    labelNames: ['source'],
    registers,
  });
  return {
    request: (labels, seconds) => requests.observe(labels, seconds),
    sqlStatement: () => statements.inc(),
    scorerRun(labels, rowCount, seconds) {
      runs.observe(labels, seconds);
      rows.observe(rowCount);
    },
    busEvent: (event, amount) => bus.inc({ event }, amount),
    registryLook: (hit) => looks.inc({ outcome: hit ? 'hit' : 'miss' }),
    answers: ({ source, count }) => answers.inc({ source }, count),
    watchScorerQueue(waiting) {
      new Gauge({
        name: 'augury_scorer_queued_rows',
        help: 'Rows that wait for an ONNX run',
        registers,
        collect() {
          this.set(waiting());
        },
      });
    },
    watchQueues(names, depth) {
      new Gauge({
        name: 'augury_jobs',
        help: 'Jobs by queue and state',
        labelNames: ['queue', 'state'],
        registers,
        async collect() {
          this.reset();
          for (const queue of names) {
            const counts = await depth(queue).catch(() => null);
            if (!counts) continue;
            for (const [state, value] of Object.entries(counts)) this.set({ queue, state }, value);
          }
        },
      });
    },
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
