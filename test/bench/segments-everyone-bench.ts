import type { Composition } from '../../src/compose.js';
import type { Assignment } from '../../src/segment/live/assign-everyone.js';
import { openBenchGraph, type BenchGraph } from './bench-graph.js';
import { median, type BenchLine } from './bench-line.js';
import { asked, seesLive } from './segment-questions.js';
import { openSegmentWork, type SegmentWork, type Stage } from './segment-work.js';

const ATTRIBUTES = ['balance', 'tenure', 'visits', 'spending'];
const PROFILE = 'profile';
const PERSONA = 'persona';
const EVENTS_EACH = 10;

/** Everybody at once: membership, counting, and the job that finds segments. */
export async function everyoneLines(wanted: ReadonlySet<string>): Promise<BenchLine[]> {
  const sizes = (process.env['AUGURY_BENCH_SIZES'] ?? '20000 200000').split(' ').map(Number);
  const lines: BenchLine[] = [];
  for (const customers of sizes) lines.push(...(await linesOf(customers, wanted)));
  return lines;
}

async function linesOf(customers: number, wanted: ReadonlySet<string>): Promise<BenchLine[]> {
  const graph = await openBenchGraph((composition) => fill(composition, customers));
  const work = await openSegmentWork(graph.composition.plant);
  const size = customers.toLocaleString('en-US');
  try {
    await work.register(PROFILE, ATTRIBUTES);
    const lines: BenchLine[] = [];
    for (const [key, what] of [
      [PROFILE, `${ATTRIBUTES.length} attributes`],
      [PERSONA, `4 features of ${EVENTS_EACH} events each`],
    ] as const) {
      if (key === PROFILE && !wanted.has('everyone')) continue;
      const stages = await work.run(key, 4);
      if (!wanted.has('everyone')) continue;
      lines.push(runLine(`${size} customers, ${what}`, stages, customers));
      lines.push(await assignLine(graph, work, key, `${size} customers, ${what}`));
    }
    await seesLive(graph);
    if (wanted.has('counting')) lines.push(...(await countingLines(graph, size)));
    return lines;
  } finally {
    await work.close();
    await graph.close();
  }
}

/** Customers with attributes, and events spread over the last 80 days. */
async function fill(composition: Composition, customers: number): Promise<void> {
  const { db } = composition.plant;
  await db.query(
    `insert into customer (external_id, name, registered_at, last_active_at, attributes)
     select 'u' || i, 'Customer ' || i, now() - interval '400 days', now() - interval '3 days',
       jsonb_build_object('balance', round((10 ^ (1 + i % 4) * (0.5 + random()))::numeric, 2), 'tenure', i % 60,
         'visits', (i % 4) * 10 + (i % 7), 'spending', round((100 * random())::numeric, 2),
         'age', 18 + i % 60, 'gender', case when i % 2 = 0 then 'female' else 'male' end, 'cityTier', (1 + i % 3)::text)
     from generate_series(1, $1::int) i`,
    [customers],
  );
  // makes the types, the source and the months
  const types = ['purchase', 'session_start', 'page_view'];
  const days = [1, 20, 40, 60, 80];
  await composition.demo.recordEvents(
    days.flatMap((day) =>
      types.map((type) => ({
        ...{ source: 'bench', id: `${type}-${day}`, user: 'u1', type, value: 1, properties: null },
        at: new Date(Date.now() - day * 86_400_000),
      })),
    ),
  );
  for (let i = 0; i < EVENTS_EACH; i += 1)
    await db.query(
      `insert into event (source_id, key, user_id, type_id, at, value)
       select s.id, c.id || '-' || $1::int, c.id, t.id, now() - interval '1 day' - random() * interval '75 days' * (0.1 + (c.id % 4) / 4.0),
         10 * (1 + c.id % 4) * (0.5 + random())
       from customer c, event_source s, event_type t
       where s.name = 'bench' and t.name = $2 and (c.id % 5 + 4 >= $1::int)`,
      [i, types[i % types.length]],
    );
}

function runLine(name: string, stages: readonly Stage[], customers: number): BenchLine {
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  const told = stages
    .filter((stage) => stage.seconds >= 0.1)
    .map((stage) => `${stage.name} ${stage.seconds.toFixed(1)} s, ${stage.peakMb.toFixed(0)} MB`);
  return {
    name: `finding 4 segments by k-means, ${name}`,
    figure: `${seconds.toFixed(1)} s, ${Math.max(...stages.map(({ peakMb }) => peakMb)).toFixed(0)} MB at most`,
    detail: `${Math.round(customers / seconds).toLocaleString('en-US')} customers/s; ${told.join('; ')}`,
  };
}

/** Nobody is in a segment; everybody stays; everybody was elsewhere. */
async function assignLine(
  { composition }: BenchGraph,
  work: SegmentWork,
  key: string,
  name: string,
): Promise<BenchLine> {
  const { db } = composition.plant;
  const model = await work.segmentations.store.byKey(key);
  await db.query('delete from segment_membership where model_id = $1', [model?.id]);
  await db.query('vacuum analyze segment_membership');
  const first = await measured(() => work.assign(key));
  await db.query('vacuum analyze segment_membership');
  const still = [await measured(() => work.assign(key)), await measured(() => work.assign(key))];
  await db.query(`update segment_membership set segment_key = 'elsewhere' where model_id = $1`, [
    model?.id,
  ]);
  await db.query('vacuum analyze segment_membership');
  const all = await measured(() => work.assign(key));
  const calm = still.toSorted((a, b) => b.rate - a.rate)[0];
  const rate = ({ rate: value }: Measured): string => Math.round(value).toLocaleString('en-US');
  return {
    name: `everybody's membership, ${name}`,
    figure: `${calm ? rate(calm) : '?'} customers/s where nobody moves`,
    detail: `goal 20,000 of attributes; the first time ${rate(first)}, where everybody moves (${all.result.moved}) ${rate(all)} customers/s; CPU of this process where nobody moves ${calm?.cpu.toFixed(1) ?? '?'} microseconds a customer; ${Math.max(first.peakMb, all.peakMb).toFixed(0)} MB at most`,
  };
}

interface Measured {
  result: Assignment;
  rate: number;
  peakMb: number;
  /** Microseconds a customer. */
  cpu: number;
}

async function measured(work: () => Promise<Assignment>): Promise<Measured> {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, process.memoryUsage().rss / 2 ** 20);
  }, 20);
  const before = process.cpuUsage();
  const begun = performance.now();
  try {
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    const rate = result.assigned / ((performance.now() - begun) / 1000);
    return { result, rate, peakMb, cpu: (user + system) / result.assigned };
  } finally {
    clearInterval(timer);
  }
}

const QUESTIONS: Record<string, string> = {
  'the distribution': '{ segmentation { distribution { total segments { key count } } } }',
  'a page of 100 of a quadrant':
    '{ users(first: 100, filter: { segment: { quadrant: [QUADRANT_1] } }) { nodes { externalId } } }',
  'a page of 100 of a segment':
    '{ users(first: 100, filter: { segment: { keys: ["KEY_1"] } }) { nodes { externalId } } }',
  'count of a quadrant':
    '{ users(first: 1, filter: { segment: { quadrant: [QUADRANT_1] } }) { totalCount } }',
  'groups by segment': '{ userGroups(groupBy: [{ kind: SEGMENT }]) { key count } }',
  'groups by quadrant': '{ userGroups(groupBy: [{ kind: QUADRANT }]) { key count } }',
  'groups by segment with an attribute':
    '{ userGroups(groupBy: [{ kind: SEGMENT }]) { key count feature(name: "balance") { mean } } }',
  'groups by segment with a feature of events':
    '{ userGroups(groupBy: [{ kind: SEGMENT }]) { key count feature(name: "purchase_sum") { mean } } }',
  'groups by segment with a mean score':
    '{ userGroups(groupBy: [{ kind: SEGMENT }]) { key count meanProbability } }',
};

async function countingLines(graph: BenchGraph, size: string): Promise<BenchLine[]> {
  const { data } = await asked<{
    segmentation: { segments: { key: string; persona: { quadrant: string } }[] };
  }>(graph, '{ segmentation { segments { key persona { quadrant } } } }');
  const [first] = data.segmentation.segments;
  const lines: BenchLine[] = [];
  for (const [name, text] of Object.entries(QUESTIONS)) {
    const query = text
      .replace('KEY_1', first?.key ?? '')
      .replace('QUADRANT_1', first?.persona.quadrant ?? 'KEEP');
    const ms: number[] = [];
    let counts = { sql: 0 };
    for (let i = 0; i < 4; i += 1) {
      const begun = performance.now();
      counts = (await asked(graph, query)).extensions.counts;
      if (i > 0) ms.push(performance.now() - begun);
    }
    lines.push({
      name: `${name}, ${size} customers`,
      figure: `${median(ms).toFixed(0)} ms`,
      detail: `${counts.sql} statements, median of 3`,
    });
  }
  return lines;
}
