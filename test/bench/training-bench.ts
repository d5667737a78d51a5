import fs from 'node:fs';
import os from 'node:os';
import { pathToFileURL } from 'node:url';
import { fitBoostingParallel } from '../../src/model/train/boosting-threads.js';
import { defaultBoostingParameters } from '../../src/numeric/boosting.js';
import type { Forest } from '../../src/numeric/forest.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { prepareTreeShap } from '../../src/numeric/tree-shap.js';
import { rankAuc, syntheticClassification, type SyntheticSet } from '../support/synthetic.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { startXgboostPeer, type XgboostPeer } from './xgboost-peer.js';

interface Timing {
  wall: number;
  cpu: number;
}

/** Bytes resident before a fit and at most during it. */
interface Memory {
  before: number;
  peak: number;
}

const SIZES = [
  { rows: 100_000, turns: 5 },
  { rows: 1_000_000, turns: 1 },
];
const THREADS = [1, 2];
const SHAP_TURNS = 5;
const EXPLAINED = 1000;

/**
 * Training on 100,000 and 1,000,000 generated rows of 20 columns (80 % of them train), 200 trees of depth 6,
 * with one thread and with two, and exact SHAP values of 1,000 rows, all against XGBoost in the same run, turn by
 * turn, with equal threads; medians. CPU time of ours includes what the JIT compiler and the garbage
 * collector take beside the threads that train.
 */
export async function trainingBench(): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const { rows, turns } of SIZES) {
    const set = syntheticClassification(rows);
    const peer = startXgboostPeer(rows);
    try {
      let forest: Forest | null = null;
      for (const threads of THREADS) {
        const training = await measureTraining(set, peer, threads, turns);
        lines.push(...training.lines);
        forest = training.forest;
      }
      if (forest && rows === SIZES[0]?.rows) lines.push(...(await explain(forest, set, peer)));
    } finally {
      peer?.close();
    }
  }
  return lines;
}

function nameOf(peer: XgboostPeer | null): string {
  return peer ? `XGBoost ${peer.version} hist` : 'XGBoost not installed';
}

async function explain(
  forest: Forest,
  { test }: SyntheticSet,
  peer: XgboostPeer | null,
): Promise<BenchLine[]> {
  const shap = await measureShap(forest, firstRows(test.x, EXPLAINED), peer);
  const predictions = timed(() => predictMargin(forest, test.x)).timing;
  const against = peer ? `XGBoost ${peer.version} pred_contribs` : nameOf(peer);
  return [
    compare('exact SHAP of 1,000 rows by the same forest', shap.ours, shap.theirs, against, 1),
    {
      name: 'scoring by our own predictor',
      figure: `${Math.round(test.x.rows / predictions.wall).toLocaleString('en')} rows/s`,
    },
  ];
}

async function measureTraining(
  { train, test }: SyntheticSet,
  peer: XgboostPeer | null,
  threads: number,
  turns: number,
): Promise<{ forest: Forest | null; lines: BenchLine[] }> {
  const ours: Timing[] = [];
  const theirs: Timing[] = [];
  let forest: Forest | null = null;
  let memory: Memory = { before: 0, peak: 0 };
  let auc: number | null = null;
  let peerMemory: Memory | null = null;
  for (let turn = 0; turn < turns; turn++) {
    const before = startMemory();
    const start = startClock();
    const fit = await fitBoostingParallel(train.x, train.labels, defaultBoostingParameters, {
      threads,
    });
    ours.push(start());
    memory = { before, peak: readMemory('VmHWM') };
    forest = fit.forest;
    const answer = await peer?.fit(threads);
    if (!answer) continue;
    theirs.push(answer);
    auc = answer.auc ?? auc;
    peerMemory = answer;
  }
  const rows = (train.x.rows + test.x.rows).toLocaleString('en');
  const what = `${rows} x 20, ${String(threads)} thread${threads === 1 ? '' : 's'}`;
  const against = nameOf(peer);
  const ownAuc = forest ? rankAuc(predictMargin(forest, test.x), test.labels) : NaN;
  const lines = [
    compare(`training ${what}, 200 trees of depth 6`, ours, theirs, against, threads),
    {
      name: `AUC on the test part, ${what}`,
      figure: ownAuc.toFixed(4),
      detail: auc === null ? against : `${against} ${auc.toFixed(4)}`,
    },
    compareMemory(`memory of training ${what}`, memory, peerMemory, against),
  ];
  return { forest, lines };
}

/** Starts a new peak of resident memory; bytes resident now. 0 where there is no /proc. */
function startMemory(): number {
  if (!fs.existsSync('/proc/self/clear_refs')) return 0;
  fs.writeFileSync('/proc/self/clear_refs', '5');
  return readMemory('VmRSS');
}

function readMemory(name: string): number {
  if (!fs.existsSync('/proc/self/status')) return 0;
  const line = fs
    .readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((found) => found.startsWith(name));
  return Number(line?.split(/\s+/)[1] ?? 0) * 1024;
}

function compareMemory(
  name: string,
  ours: Memory,
  theirs: Memory | null,
  against: string,
): BenchLine {
  const mebibytes = ({ before, peak }: Memory): string =>
    `${(peak / 2 ** 20).toFixed(0)} MiB at most, ${((peak - before) / 2 ** 20).toFixed(0)} more than before`;
  if (!theirs) return { name, figure: mebibytes(ours), detail: against };
  return {
    name,
    figure: `${(ours.peak / theirs.peak).toFixed(2)} x the memory`,
    detail: `ours ${mebibytes(ours)}; ${against} ${mebibytes(theirs)}`,
  };
}

async function measureShap(
  forest: Forest,
  x: DesignMatrix,
  peer: XgboostPeer | null,
): Promise<{ ours: Timing[]; theirs: Timing[] }> {
  const ours: Timing[] = [];
  const theirs: Timing[] = [];
  for (let turn = 0; turn < SHAP_TURNS; turn++) {
    ours.push(timed(() => prepareTreeShap(forest)(x)).timing);
    const answer = await peer?.contributions(x.rows);
    if (answer) theirs.push(answer);
  }
  return { ours, theirs };
}

function timed<T>(run: () => T): { result: T; timing: Timing } {
  const stop = startClock();
  const result = run();
  return { result, timing: stop() };
}

function startClock(): () => Timing {
  const start = performance.now();
  const before = process.cpuUsage();
  return () => {
    const used = process.cpuUsage(before);
    const wall = (performance.now() - start) / 1000;
    return { wall, cpu: (used.user + used.system) / 1e6 };
  };
}

function compare(
  name: string,
  ours: readonly Timing[],
  theirs: readonly Timing[],
  against: string,
  threads: number,
): BenchLine {
  const wall = median(ours.map((timing) => timing.wall));
  const cpu = median(ours.map((timing) => timing.cpu));
  const seconds = `${wall.toFixed(2)} s wall, ${cpu.toFixed(2)} s CPU`;
  if (theirs.length === 0) return { name, figure: seconds, detail: against };
  const peerWall = median(theirs.map((timing) => timing.wall));
  const peerCpu = median(theirs.map((timing) => timing.cpu));
  return {
    name,
    figure: `${(wall / peerWall).toFixed(2)} x the time`,
    detail: `ours ${seconds}; ${against} ${peerWall.toFixed(2)} s wall, ${peerCpu.toFixed(2)} s CPU, ${String(threads)} thread${threads === 1 ? '' : 's'} each; CPU ratio ${(cpu / peerCpu).toFixed(2)}; load ${(os.loadavg()[0] ?? 0).toFixed(1)}`,
  };
}

function firstRows(x: DesignMatrix, rows: number): DesignMatrix {
  return { rows, columns: x.columns, values: x.values.slice(0, rows * x.columns) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const line of await trainingBench()) console.log(formatBenchLine(line));
}
