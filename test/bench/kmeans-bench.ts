import os from 'node:os';
import { pathToFileURL } from 'node:url';
import type { KMeansFit, KMeansOptions } from '../../src/numeric/kmeans.js';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { fitKMeansParallel } from '../../src/segment/choose/kmeans-threads.js';
import { syntheticBlobs } from '../support/blobs.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { startKMeansPeer, type KMeansAnswer, type KMeansPeer } from './kmeans-peer.js';

const ROWS = 1_000_000;
const K = 5;
const TURNS = 3;
const THREADS = [1, 2];

interface Task {
  name: string;
  options: (points: PointMatrix) => KMeansOptions;
  ask: (peer: KMeansPeer, threads: number) => Promise<KMeansAnswer>;
}

const TASKS: Task[] = [
  {
    name: 'Lloyd from the first five rows to the end',
    options: ({ columns, values }) => ({
      ...{ seed: 1, restarts: 1, tolerance: 0 },
      starts: values.slice(0, K * columns),
    }),
    ask: (peer, threads) => peer.fromRows(threads),
  },
  ...[1, 10].map((restarts): Task => ({
    name: restarts === 1 ? 'one k-means++ start' : `${restarts} k-means++ starts`,
    options: () => ({ seed: 1, restarts }),
    ask: (peer, threads) => peer.seeded(threads, restarts),
  })),
];

/**
 * k-means of 1,000,000 generated rows of 8 columns into 5 groups, with one thread and with two, against scikit-learn in
 * the same run, turn by turn, with equal threads; medians. Ours starts and ends its threads and copies the points to shared
 * memory inside the measured time; with several starts, ours compete on a sample, scikit-learn's on all rows.
 */
export async function kmeansBench(): Promise<BenchLine[]> {
  const points = syntheticBlobs(ROWS);
  const peer = startKMeansPeer(ROWS);
  const lines: BenchLine[] = [];
  try {
    for (const task of TASKS) {
      for (const threads of THREADS) lines.push(await compare(task, points, peer, threads));
    }
  } finally {
    peer?.close();
  }
  return lines;
}

async function compare(
  task: Task,
  points: PointMatrix,
  peer: KMeansPeer | null,
  threads: number,
): Promise<BenchLine> {
  const ours: KMeansAnswer[] = [];
  const theirs: KMeansAnswer[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const start = performance.now();
    const before = process.cpuUsage();
    const fit = await fitKMeansParallel(points, K, { ...task.options(points), threads });
    ours.push(answerOf(fit, start, before));
    if (peer) theirs.push(await task.ask(peer, threads));
  }
  const name = `k-means ${ROWS.toLocaleString('en')} x ${points.columns}, k = ${K}, ${threads} thread${threads === 1 ? '' : 's'}: ${task.name}`;
  const load = `load ${(os.loadavg()[0] ?? 0).toFixed(1)}`;
  const own = `ours ${seconds(ours)}`;
  if (!peer) return { name, figure: own, detail: `scikit-learn not installed; ${load}` };
  const ratio = (key: 'wall' | 'cpu'): string =>
    (middle(ours, key) / middle(theirs, key)).toFixed(2);
  return {
    name,
    figure: `${ratio('wall')} x the time`,
    detail: `${own}; scikit-learn ${peer.version} ${seconds(theirs)}; CPU ratio ${ratio('cpu')}; inertia ratio ${(middle(ours, 'inertia') / middle(theirs, 'inertia')).toFixed(6)}; ${load}`,
  };
}

function answerOf(fit: KMeansFit, start: number, before: NodeJS.CpuUsage): KMeansAnswer {
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - start) / 1000;
  const { inertia, iterations } = fit;
  return { wall, cpu: (user + system) / 1e6, inertia, iterations };
}

function middle(answers: readonly KMeansAnswer[], key: keyof KMeansAnswer): number {
  return median(answers.map((answer) => answer[key]));
}

function seconds(answers: readonly KMeansAnswer[]): string {
  return `${middle(answers, 'wall').toFixed(2)} s wall, ${middle(answers, 'cpu').toFixed(2)} s CPU, ${middle(answers, 'iterations')} iterations`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const line of await kmeansBench()) console.log(formatBenchLine(line));
}
