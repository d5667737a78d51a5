import { monitorEventLoopDelay } from 'node:perf_hooks';
import pg from 'pg';
import { openBareGraph } from './bare-graph.js';
import { openBenchGraph } from './bench-graph.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { openLoadClient, type Load, type LoadClient, type LoadResult } from './load-client.js';

const ROUNDS = 7;

const LIST = `{ users(first: 100) { nodes { externalId registeredAt lastActiveAt attributes
  events(first: 3) { nodes { type at value } } } } }`;
const ONE = `query One($id: ID!) { user(id: $id) { externalId name registeredAt lastActiveAt attributes } }`;
const ONE_SCORE = `query Score($id: ID!) { user(id: $id) { externalId name registeredAt lastActiveAt attributes
  prediction { probability } } }`;
const ROW_SCORE = `query Row($rows: [ScoreInput!]!) { score(rows: $rows) { probability } }`;
const LIST_FEATURES = [
  ...['purchase_count_30d', 'purchase_sum_90d', 'days_since_last_purchase', 'purchase_mean'],
];
const CARD_FEATURES = [
  ...LIST_FEATURES,
  ...['purchase_count', 'purchase_sum', 'purchase_sum_30d', 'purchase_max', 'purchase_min'],
  ...[
    'event_count',
    'days_since_last_activity',
    'active_days_30d',
    'session_count_30d',
    'engagement_score',
  ],
  ...[
    'recency_score',
    'ticket_count_90d',
    'ticket_satisfaction_mean',
    'user_lifetime_days',
    'membership_level',
    'age',
  ],
];
const CARD = `query Card($user: String!) { user(externalId: $user) {
  externalId name attributes
  features(names: ${JSON.stringify(CARD_FEATURES)}) { name number text }
  prediction { probability risk reasons(first: 5) { text contribution } }
  events(first: 5) { nodes { type at value } } } }`;
const THOUSAND = `{ users(first: 1000) { nodes { externalId
  features(names: ${JSON.stringify(LIST_FEATURES)}) { name number }
  prediction { probability reasons(first: 5) { feature contribution } } events(first: 3) { nodes { type at value } } } } }`;

const SAME_AS_SQL = `select json_agg(json_build_object('externalId', c.external_id, 'registeredAt', c.registered_at,
    'lastActiveAt', c.last_active_at, 'attributes', c.attributes, 'events', e.rows) order by c.id)
  from (select * from customer order by id limit 100) c
  cross join lateral (select json_agg(json_build_object('type', t.name, 'at', x.at, 'value', x.value)
      order by x.at desc) as rows
    from (select type_id, at, value from event where user_id = c.id and at < now() order by at desc limit 3) x
    join event_type t on t.id = x.type_id) e`;

interface Measured extends LoadResult {
  /** Milliseconds of this process's CPU a request, scorer threads included. */
  cpu: number;
}

/** Runs the load from the other process and weighs this one. */
async function weigh(client: LoadClient, load: Load): Promise<Measured> {
  const before = process.cpuUsage();
  const result = await client.run(load);
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpu: (user + system) / 1000 / load.requests };
}

/** The parties of the bench: our graph, the bare one, and who asks them. */
interface Parties {
  client: LoadClient;
  ours: Pick<Load, 'url' | 'key'>;
  floor: Pick<Load, 'url' | 'key'>;
  pool: pg.Pool;
}

/** The graph over HTTP, against bare graphql-js and the same answer as one SQL statement, in one run. */
export async function listBench(): Promise<BenchLine[]> {
  const graph = await openBenchGraph();
  const bare = await openBareGraph(graph.databaseUrl);
  const pool = new pg.Pool({ connectionString: graph.databaseUrl, max: 1 });
  const client = openLoadClient();
  try {
    const { url, key } = graph;
    const parties: Parties = {
      client,
      ours: { url, key },
      floor: { url: bare.url, key: '-' },
      pool,
    };
    return [
      ...(await lists(parties)),
      ...(await singles(parties)),
      await cards(parties),
      ...(await thousands(parties)),
    ];
  } finally {
    client.close();
    await bare.close();
    await pool.end();
    await graph.close();
  }
}

function middle(rounds: readonly Measured[], of: (round: Measured) => number): number {
  return median(rounds.map(of));
}

const perSecond = ({ latencies, wallMs }: Measured): number => (latencies.length / wallMs) * 1000;

function at(share: number, sorted: readonly number[]): string {
  return (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(1);
}

async function lists({ client, ours, floor, pool }: Parties): Promise<BenchLine[]> {
  const load = { query: LIST, variables: [{}], requests: 60, atOnce: 1, perSecond: null };
  const sql = async (): Promise<Measured> => {
    const before = process.cpuUsage();
    const started = performance.now();
    for (let i = 0; i < load.requests; i += 1)
      await pool.query({ name: 'same', text: SAME_AS_SQL });
    const { user, system } = process.cpuUsage(before);
    const wallMs = performance.now() - started;
    return { wallMs, latencies: [], cpu: (user + system) / 1000 / load.requests };
  };
  const rounds: { ours: Measured; floor: Measured; sql: Measured }[] = [];
  for (let i = 0; i < ROUNDS + 2; i += 1)
    rounds.push({
      ours: await weigh(client, { ...ours, ...load }),
      floor: await weigh(client, { ...floor, ...load }),
      sql: await sql(),
    });
  const warm = rounds.slice(2);
  const cpu = (who: 'ours' | 'floor' | 'sql'): number => median(warm.map((r) => r[who].cpu));
  const wall = (who: 'ours' | 'sql'): number =>
    median(warm.map((r) => r[who].wallMs / load.requests));
  return [
    {
      name: 'list of 100 users x 5 fields + last 3 events over HTTP / bare graphql-js, server CPU',
      figure: `${(cpu('ours') / cpu('floor')).toFixed(2)} x`,
      detail: `goal 1.29 x = 1.6 ms where bare takes 1.24; ${cpu('ours').toFixed(2)} ms against ${cpu('floor').toFixed(2)} ms; one SQL through pg ${cpu('sql').toFixed(2)} ms; wall ${wall('ours').toFixed(2)} ms against ${wall('sql').toFixed(2)} ms of the one SQL`,
    },
  ];
}

async function singles({ client, ours, floor }: Parties): Promise<BenchLine[]> {
  const variables = Array.from({ length: 1000 }, (_, i) => ({ id: `User:${i + 1}` }));
  const rows = [{ rows: [{ key: 'a', features: [{ name: 'purchase_count_30d', number: 2 }] }] }];
  const load = { atOnce: 64, requests: 2000, perSecond: null };
  const kinds = {
    one: { ...ours, ...load, query: ONE, variables },
    floor: { ...floor, ...load, query: ONE, variables },
    score: { ...ours, ...load, query: ONE_SCORE, variables },
    row: { ...ours, ...load, query: ROW_SCORE, variables: rows },
  };
  const measured: Record<keyof typeof kinds, Measured[]> = {
    one: [],
    floor: [],
    score: [],
    row: [],
  };
  for (let i = 0; i < ROUNDS; i += 1)
    for (const kind of ['one', 'floor', 'score', 'row'] as const) {
      const round = await weigh(client, kinds[kind]);
      if (i > 0) measured[kind].push(round);
    }
  const { one, floor: bare, score, row } = measured;
  const cpu = (rounds: readonly Measured[]): number => middle(rounds, (round) => round.cpu);
  const ms = (value: number): string => `${value.toFixed(3)} ms`;
  const rates = (rounds: readonly Measured[]): string =>
    `${middle(rounds, perSecond).toFixed(0)} requests/s, p99 ${middle(rounds, ({ latencies }) => latencies[Math.floor(0.99 * latencies.length)] ?? 0).toFixed(1)} ms`;
  return [
    {
      name: 'one user by id, 5 fields, 64 at once / bare graphql-js, server CPU',
      figure: `${(cpu(one) / cpu(bare)).toFixed(2)} x`,
      detail: `goal 2.25 x = 0.18 ms where bare takes 0.08; ${ms(cpu(one))} against ${ms(cpu(bare))}; ${rates(one)}`,
    },
    {
      name: 'one score through GraphQL, 64 at once, server CPU on top of the user by id',
      figure: ms(cpu(score) - cpu(one)),
      detail: `goal 0.15 ms, p99 < 50 ms; ${ms(cpu(score))} in all, features, ledger and facts included; ${rates(score)}`,
    },
    {
      name: 'one row in score(rows:), 64 at once, server CPU',
      figure: ms(cpu(row)),
      detail: `goal 0.15 ms on top of 0.18; ${rates(row)}`,
    },
  ];
}

async function cards({ client, ours }: Parties): Promise<BenchLine> {
  const variables = Array.from({ length: 4000 }, (_, i) => ({
    user: `demo-${String(1 + i).padStart(5, '0')}`,
  }));
  const load = { ...ours, query: CARD, variables, atOnce: 0 };
  await client.run({ ...load, requests: 400, atOnce: 4, perSecond: null });
  const { latencies, cpu } = await weigh(client, { ...load, requests: 800, perSecond: 100 });
  return {
    name: 'customer card at a steady 100 a second',
    figure: `p50 ${at(0.5, latencies)} ms, p99 ${at(0.99, latencies)} ms, ${cpu.toFixed(2)} ms server CPU each`,
    detail: `goal p50 < 10 ms, p99 < 40 ms, CPU <= 4 ms; user with name (its reading audited), ${CARD_FEATURES.length} features, score, 5 reasons, last 5 events`,
  };
}

async function thousands({ client, ours }: Parties): Promise<BenchLine[]> {
  const load = { ...ours, query: THOUSAND, variables: [{}], atOnce: 1, perSecond: null };
  await client.run({ ...load, requests: 3 });
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const { latencies, cpu } = await weigh(client, { ...load, requests: 7 });
  pauses.disable();
  return [
    {
      name: '1,000 users: 4 features, score, 5 reasons, last 3 events, one operation',
      figure: `${median(latencies).toFixed(0)} ms`,
      detail: `goal < 400 ms; ${cpu.toFixed(0)} ms server CPU; longest pause of the event loop ${(pauses.max / 1e6).toFixed(0)} ms; median of 7`,
    },
  ];
}

if (process.argv[1]?.endsWith('list-bench.js'))
  for (const line of await listBench()) console.log(formatBenchLine(line));
