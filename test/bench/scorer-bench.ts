import type { InferenceSession } from 'onnxruntime-node';
import { seededRandom } from '../../src/kernel/random.js';
import { predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { bareFeeds, bareSession } from '../support/bare-onnx.js';
import { randomBoosting, randomEncoding, randomTable } from '../support/random-forest.js';
import { listLog, scorerModel } from '../support/scorer.js';
import type { BenchLine } from './bench-line.js';

const ROUNDS = 7;
const ROUND_MS = 300;

const random = seededRandom(1);
const forest = randomBoosting(random, randomEncoding(20, []), { trees: 200, depth: 6 });
const model = scorerModel(forest);

/** Rows a second of each contender: the median over rounds in which they take turns, so that noise hits all alike. */
async function ratesInTurns(
  contenders: Readonly<Record<string, { rows: number; once: () => Promise<unknown> }>>,
): Promise<Record<string, number>> {
  const rates = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, { rows, once }] of Object.entries(contenders)) {
      const start = performance.now();
      let calls = 0;
      let passed = 0;
      for (; passed < ROUND_MS; passed = performance.now() - start, calls++) await once();
      // The first round warms up.
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), (1000 * calls * rows) / passed]);
    }
  return Object.fromEntries([...rates].map(([name, list]) => [name, median(list)]));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function rate(rowsPerSecond: number | undefined): string {
  return Math.round(rowsPerSecond ?? NaN).toLocaleString('en-US');
}

async function benchBatch(
  session: InferenceSession,
  scorers: { one: Scorer; two: Scorer },
  rows: number,
): Promise<BenchLine> {
  const table = randomTable(random, forest, rows);
  const score = (scorer: Scorer) => (): Promise<unknown> => scorer.score(model.sha256, table);
  const rates = await ratesInTurns({
    bare: { rows, once: () => session.run(bareFeeds(table)) },
    one: { rows, once: score(scorers.one) },
    two: { rows, once: score(scorers.two) },
    array: { rows, once: () => Promise.resolve(predictClassifier(forest, table)) },
  });
  const bare = rates['bare'] ?? NaN;
  const share = (name: string): string => ((rates[name] ?? NaN) / bare).toFixed(2);
  return {
    name: `scorer, batch of ${rows.toLocaleString('en-US')}, one call at a time`,
    figure: `${share('one')} x bare session.run with 1 worker, ${share('two')} with 2`,
    detail: `rows/s: bare ${rate(bare)}, scorer ${rate(rates['one'])} and ${rate(rates['two'])}, our own typed-array predictor on the caller's thread ${rate(rates['array'])}`,
  };
}

async function benchSingles(session: InferenceSession, scorer: Scorer): Promise<BenchLine> {
  const tables: FeatureTable[] = Array.from({ length: 64 }, () => randomTable(random, forest, 1));
  const rates = await ratesInTurns({
    bare: {
      rows: 64,
      once: () => Promise.all(tables.map((table) => session.run(bareFeeds(table)))),
    },
    scorer: {
      rows: 64,
      once: () => Promise.all(tables.map((table) => scorer.score(model.sha256, table))),
    },
  });
  return {
    name: 'scorer, single rows, 64 callers at once',
    figure: `${((rates['scorer'] ?? NaN) / (rates['bare'] ?? NaN)).toFixed(2)} x bare session.run for each`,
    detail: `rows/s: bare ${rate(rates['bare'])}, scorer ${rate(rates['scorer'])}, 1 worker`,
  };
}

/** The longest pause of the caller's event loop while 200,000 rows are scored, beside bare `session.run`. */
async function benchPause(session: InferenceSession, scorer: Scorer): Promise<BenchLine> {
  const table = randomTable(random, forest, 200_000);
  const pauses = async (work: () => Promise<unknown>): Promise<{ worst: number; p99: number }> => {
    const gaps: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    }, 1);
    await work();
    gaps.push(performance.now() - last);
    clearInterval(timer);
    gaps.sort((a, b) => a - b);
    return { worst: gaps.at(-1) ?? NaN, p99: gaps[Math.floor(gaps.length * 0.99)] ?? NaN };
  };
  const own = await pauses(() => scorer.score(model.sha256, table));
  const bare = await pauses(() => session.run(bareFeeds(table)));
  return {
    name: 'scorer, longest pause of the event loop over 200,000 rows',
    figure: `${own.worst.toFixed(1)} ms (p99 ${own.p99.toFixed(1)} ms)`,
    detail: `bare session.run: ${bare.worst.toFixed(0)} ms`,
  };
}

/** Scorer against bare `session.run` in the same run; forest of 200 trees, depth 6, 20 features. */
export async function scorerBench(): Promise<BenchLine[]> {
  const session = await bareSession(model.bytes);
  const open = (workers: number): Promise<Scorer> =>
    openScorer({ provider: 'cpu', workers, maxQueuedRows: 1_000_000, log: listLog() });
  const [one, two] = [await open(1), await open(2)];
  try {
    await Promise.all([one.load(model), two.load(model)]);
    const lines: BenchLine[] = [];
    for (const rows of [1, 100, 10_000]) lines.push(await benchBatch(session, { one, two }, rows));
    lines.push(await benchSingles(session, one), await benchPause(session, one));
    return lines;
  } finally {
    await Promise.all([one.close(), two.close()]);
    await session.release();
  }
}
