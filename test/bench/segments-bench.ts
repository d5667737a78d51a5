import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { announcer } from '../../src/announcer.js';
import { composeIngest } from '../../src/compose-data.js';
import { composeMemberships } from '../../src/compose-memberships.js';
import type { EventRow } from '../../src/event/event.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { Database } from '../../src/plant/ports.js';
import { assessCustomers, readListed } from '../../src/segment/live/assess-customers.js';
import { reassessChanged } from '../../src/segment/live/reassess-changed.js';
import { segmentTopic } from '../../src/segment/segment.messages.js';
import { openBenchGraph, type BenchGraph } from './bench-graph.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { openLoadClient, type Load, type LoadClient } from './load-client.js';
import { everyoneLines } from './segments-everyone-bench.js';
import { asked, seesLive } from './segment-questions.js';
import { openSegmentWork, type SegmentWork } from './segment-work.js';

/**
 * Segments as they are lived with: asked for, followed, counted, and made for everybody. `AUGURY_BENCH_SEGMENTS` names parts
 * of it, `AUGURY_BENCH_SIZES` numbers of customers.
 */
export async function segmentsBench(): Promise<BenchLine[]> {
  const wanted = new Set(
    (process.env['AUGURY_BENCH_SEGMENTS'] ?? 'pages card following everyone counting').split(' '),
  );
  const live = ['pages', 'card', 'following'].some((part) => wanted.has(part));
  const everyone = wanted.has('everyone') || wanted.has('counting');
  return [
    ...(live ? await liveLines(wanted) : []),
    ...(everyone ? await everyoneLines(wanted) : []),
  ];
}

/** The demo, with its personas by k-means. */
async function liveLines(wanted: ReadonlySet<string>): Promise<BenchLine[]> {
  const graph = await openBenchGraph();
  const work = await openSegmentWork(graph.composition.plant);
  const client = openLoadClient();
  try {
    await work.run('persona', 4);
    await seesLive(graph);
    return [
      ...(wanted.has('pages') ? await pageLines(graph, client) : []),
      ...(wanted.has('card') ? await cardLines(graph, client) : []),
      ...(wanted.has('following') ? await followingLines(graph, work) : []),
    ];
  } finally {
    client.close();
    await work.close();
    await graph.close();
  }
}

const PARTS = {
  plain: '',
  prediction: 'prediction { probability }',
  segment: 'segment { probability segment { key } }',
};
type Part = keyof typeof PARTS;

/** In turns, so that all of them see the same machine. */
async function pageLines(graph: BenchGraph, client: LoadClient): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const [users, requests, rounds] of [
    [1, 150, 5],
    [100, 20, 7],
    [1_000, 3, 11],
  ] as const) {
    const measured: Record<Part, { cpu: number[]; latencies: number[] }> = {
      plain: { cpu: [], latencies: [] },
      prediction: { cpu: [], latencies: [] },
      segment: { cpu: [], latencies: [] },
    };
    const query = (part: Part): string =>
      `{ users(first: ${users}) { nodes { externalId ${PARTS[part]} } } }`;
    for (let round = 0; round <= rounds; round += 1)
      for (const part of ['plain', 'prediction', 'segment'] as const) {
        const load = { url: graph.url, key: graph.key, query: query(part), variables: [{}] };
        const { latencies, cpu } = await weigh(client, {
          ...load,
          requests,
          atOnce: 1,
          perSecond: null,
        });
        if (round === 0) continue; // warms up
        measured[part].cpu.push(cpu);
        measured[part].latencies.push(...latencies);
      }
    const { plain, prediction, segment } = measured;
    const told = async (part: Part): Promise<string> => {
      const { sql, onnxRuns, onnxRows, cacheHits } = (await asked(graph, query(part))).extensions
        .counts;
      const { cpu, latencies } = measured[part];
      return `${part} p50 ${at(0.5, latencies)}, p99 ${at(0.99, latencies)} ms, ${median(cpu).toFixed(2)} ms CPU, ${sql} statements, ${onnxRuns} runs of ${onnxRows} rows, ${cacheHits} from memory`;
    };
    lines.push({
      name: `segment of ${users.toLocaleString('en-US')} customers / the same page with prediction`,
      figure: `${(median(segment.latencies) / median(prediction.latencies)).toFixed(2)} x`,
      detail: `goal 1.5 x; the page without either ${(median(plain.latencies) / median(segment.latencies)).toFixed(2)} of it; ${await told('segment')}; ${await told('prediction')}; ${await told('plain')}`,
    });
  }
  return lines;
}

const CARD = `user(externalId: $user) { externalId name attributes
  prediction { probability risk reasons(first: 5) { text contribution } }
  events(first: 5) { nodes { type at value } }`;
const CARDS = {
  before: `query Card($user: String!) { ${CARD} } }`,
  withSegment: `query Card($user: String!) { ${CARD}
    segment { probability since reasons(first: 3) { feature contribution }
      segment { key name persona { quadrant labels { dimension label } traits strategies } } } } }`,
};

/** What a service agent opens, at a steady rate, with and without the persona. */
async function cardLines(graph: BenchGraph, client: LoadClient): Promise<BenchLine[]> {
  const variables = Array.from({ length: 4_000 }, (_, i) => ({
    user: `demo-${String(1 + i).padStart(5, '0')}`,
  }));
  const measured = { before: [] as number[][], withSegment: [] as number[][] };
  const cpu = { before: [] as number[], withSegment: [] as number[] };
  for (let round = 0; round < 6; round += 1)
    for (const kind of ['before', 'withSegment'] as const) {
      const some = variables.slice(round * 600, (round + 1) * 600);
      const load = { url: graph.url, key: graph.key, query: CARDS[kind], variables: some };
      const result = await weigh(client, { ...load, requests: 200, atOnce: 0, perSecond: 20 });
      if (round === 0) continue;
      measured[kind].push(result.latencies);
      cpu[kind].push(result.cpu);
    }
  const p = (share: number, kind: keyof typeof measured): number =>
    median(measured[kind].map((latencies) => Number(at(share, latencies))));
  const told = (kind: keyof typeof measured): string =>
    `p50 ${p(0.5, kind)}, p99 ${p(0.99, kind)} ms, ${median(cpu[kind]).toFixed(2)} ms CPU`;
  return [
    {
      name: 'customer card with segment, reasons and persona / without, p99 at 20 a second',
      figure: `${(p(0.99, 'withSegment') / p(0.99, 'before')).toFixed(2)} x`,
      detail: `goal 1.3 x; ${told('withSegment')}; without ${told('before')}; medians of 5 rounds of 200`,
    },
  ];
}

const ROUNDS = 7;
const CALLS = 20;

/** Events in this process, with and without somebody who follows them; then one at a time. */
async function followingLines(graph: BenchGraph, work: SegmentWork): Promise<BenchLine[]> {
  const { plant } = graph.composition;
  const { db, clock, bus, scorer, log } = plant;
  const { serving } = work.segmentations;
  const assessing = composeMemberships({
    ...{ db, clock, announce: announcer(plant), readFeatures: work.features.read },
    assign: (sha256, table, options) => scorer.assign(sha256, table, options),
  });
  const following = reassessChanged({
    live: () => serving.all(),
    assess: async (served, ids, signal) =>
      assessCustomers(
        assessing,
        served,
        await readListed(assessing, served, ids, clock.now()),
        signal,
      ),
    log,
    clock,
  });
  const alone = composeIngest(db, clock);
  const followed = composeIngest(db, clock, { onEvents: following.changed });
  const users = (
    await db.query<{ key: string }>('select external_id as key from customer order by id')
  ).map(({ key }) => key);
  const random = seededRandom(5);
  const events = (count: number): EventRow[] =>
    Array.from({ length: count }, () => eventOf(users[random.int(users.length)] ?? ''));
  const seconds = { alone: [] as number[], followed: [] as number[] };
  const caughtUp: number[] = [];
  const pauses = { alone: 0, followed: 0 };
  const busy = { alone: [] as number[], followed: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const kind of round % 2 === 0
      ? (['alone', 'followed'] as const)
      : (['followed', 'alone'] as const)) {
      const batches = Array.from({ length: CALLS }, () => events(1_000));
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const cpuBefore = process.cpuUsage();
      const begun = performance.now();
      for (const batch of batches) await { alone, followed }[kind].recordEvents(batch);
      const ended = performance.now();
      await following.idle();
      const { user, system } = process.cpuUsage(cpuBefore);
      delay.disable();
      if (round === 0) continue;
      seconds[kind].push((ended - begun) / 1000);
      busy[kind].push((user + system) / 1e6);
      pauses[kind] = Math.max(pauses[kind], delay.max / 1e6);
      if (kind === 'followed') caughtUp.push(performance.now() - ended);
    }
  const rate = (kind: 'alone' | 'followed'): number => (CALLS * 1_000) / median(seconds[kind]);
  const ratios = seconds.alone.map((value, i) => value / (seconds.followed[i] ?? NaN));
  const delays = await moveDelays(
    { db, users, bus, modelId: serving.all()[0]?.model.id ?? '' },
    (event) => followed.recordEvents([event]),
  );
  await following.close();
  return [
    {
      name: 'recordEvents, 1,000 a call, with a live segmentation / without',
      figure: `${median(ratios).toFixed(2)} x the rate`,
      detail: `goal 0.90 x; ${Math.round(rate('followed')).toLocaleString('en-US')} against ${Math.round(rate('alone')).toLocaleString('en-US')} events/s, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} in ${ROUNDS} pairs of ${CALLS} calls; everybody caught up ${median(caughtUp).toFixed(0)} ms after the last answer; longest pause of the event loop ${pauses.followed.toFixed(0)} ms, without ${pauses.alone.toFixed(0)} ms; CPU of this process ${median(busy.followed).toFixed(2)} against ${median(busy.alone).toFixed(2)} s`,
    },
    {
      name: 'membership after one event that crosses a border, from the answer to the event',
      figure: `p50 ${at(0.5, delays)} ms, p99 ${at(0.99, delays)} ms`,
      detail: `until subscribers are told; ${delays.length} events one at a time`,
    },
  ];
}

function eventOf(user: string): EventRow {
  const at = new Date(Date.now() - 1_000);
  return {
    source: 'bench',
    id: randomUUID(),
    user,
    type: 'purchase',
    at,
    value: 20,
    properties: null,
  };
}

/** Customers whose stay is made to be elsewhere: the next look at them must move them. */
async function moveDelays(
  parts: {
    db: Database;
    users: readonly string[];
    bus: BenchGraph['composition']['plant']['bus'];
    modelId: string;
  },
  record: (event: EventRow) => Promise<unknown>,
): Promise<number[]> {
  const { db, users, bus, modelId } = parts;
  const delays: number[] = [];
  const messages = bus.subscribe(segmentTopic(modelId));
  for (const user of users.slice(0, 220)) {
    await db.query(
      `update segment_membership set segment_key = 'elsewhere' where until is null and model_id = $1
       and user_id = (select id from customer where external_id = $2)`,
      [modelId, user],
    );
    const told = messages.next();
    await record(eventOf(user));
    const begun = performance.now();
    await told;
    delays.push(performance.now() - begun);
  }
  await messages.return?.();
  return delays.slice(20);
}

interface Weighed {
  latencies: number[];
  wallMs: number;
  /** Milliseconds of this process's CPU a request. */
  cpu: number;
}

async function weigh(client: LoadClient, load: Load): Promise<Weighed> {
  const before = process.cpuUsage();
  const result = await client.run(load);
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpu: (user + system) / 1000 / load.requests };
}

function at(share: number, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(1);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const line of await segmentsBench()) console.log(formatBenchLine(line));
