import { expect, it } from 'vitest';
import { createMetrics } from '../../src/plant/metrics.js';

it('answers what was observed in the text format of Prometheus', async () => {
  const metrics = createMetrics();
  metrics.request({ transport: 'http', operation: 'query', outcome: 'ok' }, 0.004);
  metrics.sqlStatement();
  metrics.sqlStatement();
  metrics.scorerRun({ provider: 'cpu', outcome: 'ok' }, 250, 0.002);
  metrics.busEvent('delivered', 3);
  metrics.registryLook(true);
  metrics.registryLook(true);
  metrics.registryLook(false);
  metrics.watchScorerQueue(() => 7);
  const { contentType, body } = await metrics.render();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  for (const line of [
    'augury_request_seconds_bucket{le="0.005",transport="http",operation="query",outcome="ok"} 1',
    'augury_sql_statements_total 2',
    'augury_scorer_run_rows_bucket{le="100"} 0',
    'augury_scorer_run_rows_bucket{le="1000"} 1',
    'augury_bus_messages_total{event="delivered"} 3',
    'augury_registry_cache_looks_total{outcome="hit"} 2',
    'augury_registry_cache_looks_total{outcome="miss"} 1',
    'augury_scorer_queued_rows 7',
  ])
    expect(body.split('\n')).toContain(line);
  expect(body).toContain('augury_process_resident_memory_bytes');
});

it('reads the queues at each scrape and leaves out one that does not answer', async () => {
  const metrics = createMetrics();
  let waiting = 1;
  metrics.watchQueues(['good', 'down'], (name) =>
    name === 'good'
      ? Promise.resolve({ waiting, active: 0, failed: 2 })
      : Promise.reject(new Error('away')),
  );
  expect((await metrics.render()).body).toContain('augury_jobs{queue="good",state="waiting"} 1');
  waiting = 5;
  const { body } = await metrics.render();
  expect(body).toContain('augury_jobs{queue="good",state="waiting"} 5');
  expect(body).not.toContain('queue="down"');
});

it('keeps the figures of two processes in one process apart', async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  first.sqlStatement();
  expect((await second.render()).body).toContain('augury_sql_statements_total 0');
});
