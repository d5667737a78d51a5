import { Counter, Gauge, type Registry } from 'prom-client';

/** A figure with its labels. */
export interface LabelledFigure<Label extends string> {
  labels: Readonly<Record<Label, string>>;
  value: number;
}

/** Figures that are read when somebody scrapes; one that cannot be read then is left out, and the rest is told. */
export interface ScrapedMetrics {
  /** Rows that wait for a model run. */
  watchScorerQueue(rows: () => number): void;
  /** Calls of the scorer, those refused because its queue was full, and threads that are up. */
  watchScorer(stats: () => { requests: number; rejected: number; workers: number }): void;
  /** Depth of the job queues. */
  watchQueues(
    names: readonly string[],
    depth: (name: string) => Promise<{ waiting: number; active: number; failed: number }>,
  ): void;
  /** Seconds that the oldest waiting job of each kind has waited. */
  watchOldestJobs(read: () => Promise<readonly LabelledFigure<'kind'>[]>): void;
  /** Connections of the pool to PostgreSQL. */
  watchPool(read: () => { busy: number; idle: number; waiting: number }): void;
  /** Answers of models that are remembered. */
  watchResultCache(
    read: () => { hits: number; misses: number; evictions: number; entries: number },
  ): void;
  /** Alerts that are not over. */
  watchAlerts(read: () => Promise<readonly LabelledFigure<'status' | 'severity'>[]>): void;
  /** Deliveries of alerts of the last day, and those still queued. */
  watchDeliveries(read: () => Promise<readonly LabelledFigure<'channel' | 'status'>[]>): void;
  /** WebSocket connections. */
  watchConnections(read: () => number): void;
}

/** Registers nothing by itself: each `watch` adds its figures, once. */
export function scrapedMetrics(registry: Registry): ScrapedMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const family = <Label extends string>(
    given: { name: string; help: string; labelNames: Label[] },
    read: () => Promise<readonly LabelledFigure<Label>[]>,
  ): void => {
    new Gauge<Label>({
      ...given,
      registers,
      async collect() {
        this.reset();
        const figures = await read().catch(() => []);
        for (const { labels, value } of figures) this.set({ ...labels }, value);
      },
    });
  };
  return {
    watchScorerQueue(rows) {
      gauge('augury_scorer_queued_rows', 'Rows that wait for an ONNX run', rows);
    },
    watchScorer(stats) {
      const name = 'augury_scorer';
      counter(`${name}_requests_total`, 'Calls for scores or segments', () => stats().requests);
      counter(`${name}_rejected_total`, 'Calls refused by a full queue', () => stats().rejected);
      gauge(`${name}_workers`, 'Threads that run models', () => stats().workers);
    },
    watchQueues(names, depth) {
      family(
        {
          name: 'augury_jobs',
          help: 'Jobs by queue and state',
          labelNames: ['queue', 'state'],
        },
        async () => {
          const figures = await Promise.all(
            names.map(async (queue) => {
              const counts = await depth(queue).catch(() => null);
              return Object.entries(counts ?? {}).map(([state, value]) => ({
                labels: { queue, state },
                value,
              }));
            }),
          );
          return figures.flat();
        },
      );
    },
    watchOldestJobs(read) {
      family(
        {
          name: 'augury_job_oldest_waiting_seconds',
          help: 'Age of the oldest job that waits, by kind',
          labelNames: ['kind'],
        },
        read,
      );
    },
    watchPool(read) {
      family(
        {
          name: 'augury_sql_connections',
          help: 'Connections of the pool: busy and idle, and callers that wait for one',
          labelNames: ['state'],
        },
        () =>
          Promise.resolve(
            Object.entries(read()).map(([state, value]) => ({ labels: { state }, value })),
          ),
      );
    },
    watchResultCache(read) {
      const name = 'augury_result_cache';
      counter(`${name}_hits_total`, 'Answers of models that were remembered', () => read().hits);
      counter(`${name}_misses_total`, 'Answers that had to be scored', () => read().misses);
      counter(`${name}_evictions_total`, 'Answers that were forgotten', () => read().evictions);
      gauge(`${name}_entries`, 'Answers that are remembered', () => read().entries);
    },
    watchAlerts(read) {
      family(
        {
          name: 'augury_alerts',
          help: 'Alerts that are not over, by status and severity',
          labelNames: ['status', 'severity'],
        },
        read,
      );
    },
    watchDeliveries(read) {
      family(
        {
          name: 'augury_alert_deliveries',
          help: 'Deliveries of alerts of the last 24 hours, and those still queued, by channel',
          labelNames: ['channel', 'status'],
        },
        read,
      );
    },
    watchConnections(read) {
      gauge('augury_websocket_connections', 'WebSocket connections', read);
    },
  };
}
