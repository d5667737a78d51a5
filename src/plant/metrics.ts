import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BusEvent } from './bus.js';
import { scrapedMetrics, type ScrapedMetrics } from './metrics-at-scrape.js';

/** What /metrics answers: the few figures by which an operator judges a process. */
export interface Metrics extends ScrapedMetrics {
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
  /** One SQL statement was answered, or failed; a wait for a connection is part of its time. */
  sqlAnswer(outcome: 'ok' | 'error', seconds: number): void;
  /** One ONNX run of `rows` rows. */
  scorerRun(
    labels: { provider: string; outcome: 'ok' | 'error' },
    rows: number,
    seconds: number,
  ): void;
  /** A job ended in this process; seconds since a worker first took it up. */
  jobEnded(labels: { kind: string; outcome: 'succeeded' | 'failed' }, seconds: number): void;
  busEvent(event: BusEvent, amount: number): void;
  /** The registry of features was looked at: true where what was remembered would do. */
  registryLook(hit: boolean): void;
  /** Answers of models, by where they came from. */
  answers(what: { source: string; count: number }): void;
  /** A subscription was opened (1) or ended (-1), by its field. */
  subscription(field: string, change: 1 | -1): void;
  /** Prometheus' text format. */
  render(): Promise<{ contentType: string; body: string }>;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const JOB_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600];
const ROWS = [1, 10, 100, 1_000, 10_000, 100_000];

type Pushed = Omit<Metrics, keyof ScrapedMetrics | 'render'>;

/** Opens the figures of one process, with Node's own (memory, event loop, garbage collection). */
export function createMetrics(build: { version: string } = { version: 'unknown' }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'augury_' });
  new Gauge({
    name: 'augury_build_info',
    help: 'Always 1; its labels say what runs',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: build.version, node: process.version }, 1);
  return {
    ...serviceMetrics(registry),
    ...plantMetrics(registry),
    ...scrapedMetrics(registry),
    async render() {
      const body = await registry.metrics();
      // the library writes Nan, which not every reader takes for a number
      return { contentType: registry.contentType, body: body.replace(/ Nan$/gm, ' NaN') };
    },
  };
}

/** What callers see: operations, answers, subscriptions. */
function serviceMetrics(
  registry: Registry,
): Pick<Pushed, 'request' | 'registryLook' | 'answers' | 'subscription'> {
  const registers = [registry];
  const requests = new Histogram({
    name: 'augury_request_seconds',
    help: 'Duration of GraphQL operations',
    labelNames: ['transport', 'operation', 'outcome'],
    buckets: LATENCY_SECONDS,
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
  const subscriptions = new Gauge({
    name: 'augury_subscriptions',
    help: 'Subscriptions that are open, by field',
    labelNames: ['field'],
    registers,
  });
  return {
    request: (labels, seconds) => requests.observe(labels, seconds),
    registryLook: (hit) => looks.inc({ outcome: hit ? 'hit' : 'miss' }),
    answers: ({ source, count }) => answers.inc({ source }, count),
    subscription: (field, change) => subscriptions.inc({ field }, change),
  };
}

/** What the boiler room does: SQL, the scorer, jobs, the bus. */
function plantMetrics(
  registry: Registry,
): Pick<Pushed, 'sqlStatement' | 'sqlAnswer' | 'scorerRun' | 'jobEnded' | 'busEvent'> {
  const registers = [registry];
  const statements = new Counter({
    name: 'augury_sql_statements_total',
    help: 'SQL statements sent',
    registers,
  });
  const answered = new Histogram({
    name: 'augury_sql_statement_seconds',
    help: 'Duration of SQL statements, from the call to the answer',
    labelNames: ['outcome'],
    buckets: LATENCY_SECONDS,
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
  const jobs = new Histogram({
    name: 'augury_job_seconds',
    help: 'Jobs that ended, by kind, and how long they took from when a worker first took them up',
    labelNames: ['kind', 'outcome'],
    buckets: JOB_SECONDS,
    registers,
  });
  const bus = new Counter({
    name: 'augury_bus_messages_total',
    help: 'Messages published, delivered and dropped, and subscribers that were too slow',
    labelNames: ['event'],
    registers,
  });
  return {
    sqlStatement: () => statements.inc(),
    sqlAnswer: (outcome, seconds) => answered.observe({ outcome }, seconds),
    scorerRun(labels, rowCount, seconds) {
      runs.observe(labels, seconds);
      rows.observe(rowCount);
    },
    jobEnded: (labels, seconds) => jobs.observe(labels, seconds),
    busEvent: (event, amount) => bus.inc({ event }, amount),
  };
}
