import { pathToFileURL } from 'node:url';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import type { Forest } from '../../src/numeric/forest.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { prepareTreeShap } from '../../src/numeric/tree-shap.js';
import { rankAuc, syntheticClassification } from '../support/synthetic.js';
import { formatBenchLine, median, type BenchLine } from './bench-line.js';
import { startXgboostPeer, type XgboostPeer } from './xgboost-peer.js';

interface Timing {
  wall: number;
  cpu: number;
}

const ROWS = 100_000;
const TURNS = 5;
const EXPLAINED = 1000;

/**
 * Training on 100,000 generated rows of 20 columns (80,001 of them train), 200 trees of depth 6, and exact
 * SHAP values of 1,000 rows, both against XGBoost in the same run, turn by turn, one thread each; medians.
 * CPU time of ours includes what the JIT compiler and the garbage collector take beside the main thread.
 */
export async function trainingBench(): Promise<BenchLine[]> {
  const set = syntheticClassification(ROWS);
  const peer = startXgboostPeer(ROWS);
  try {
    const training = await measureTraining(set.train, peer);
    const auc = rankAuc(predictMargin(training.forest, set.test.x), set.test.labels);
    const shap = await measureShap(training.forest, firstRows(set.test.x, EXPLAINED), peer);
    const predictions = timed(() => predictMargin(training.forest, set.test.x)).timing;
    const against = peer ? `XGBoost ${peer.version} hist` : 'XGBoost not installed';
    return [
      compare(
        'training 100,000 x 20, 200 trees of depth 6',
        training.ours,
        training.theirs,
        against,
      ),
      {
        name: 'AUC on the test part of the same rows',
        figure: auc.toFixed(4),
        detail: training.auc === null ? against : `${against} ${training.auc.toFixed(4)}`,
      },
      compare(
        'exact SHAP of 1,000 rows by the same forest',
        shap.ours,
        shap.theirs,
        peer ? `XGBoost ${peer.version} pred_contribs` : against,
      ),
      {
        name: 'scoring by our own predictor',
        figure: `${Math.round(set.test.x.rows / predictions.wall).toLocaleString('en')} rows/s`,
      },
    ];
  } finally {
    peer?.close();
  }
}

async function measureTraining(
  train: { x: DesignMatrix; labels: Uint8Array },
  peer: XgboostPeer | null,
): Promise<{ forest: Forest; ours: Timing[]; theirs: Timing[]; auc: number | null }> {
  const ours: Timing[] = [];
  const theirs: Timing[] = [];
  let forest: Forest | null = null;
  let auc: number | null = null;
  for (let turn = 0; turn < TURNS; turn++) {
    const fit = timed(() => fitBoosting(train.x, train.labels, defaultBoostingParameters));
    forest = fit.result.forest;
    ours.push(fit.timing);
    const answer = await peer?.fit();
    if (answer) theirs.push(answer);
    auc = answer?.auc ?? auc;
  }
  if (!forest) throw new Error('no turn was taken');
  return { forest, ours, theirs, auc };
}

async function measureShap(
  forest: Forest,
  x: DesignMatrix,
  peer: XgboostPeer | null,
): Promise<{ ours: Timing[]; theirs: Timing[] }> {
  const ours: Timing[] = [];
  const theirs: Timing[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    ours.push(timed(() => prepareTreeShap(forest)(x)).timing);
    const answer = await peer?.contributions(x.rows);
    if (answer) theirs.push(answer);
  }
  return { ours, theirs };
}

function timed<T>(run: () => T): { result: T; timing: Timing } {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = run();
  const used = process.cpuUsage(before);
  const wall = (performance.now() - start) / 1000;
  return { result, timing: { wall, cpu: (used.user + used.system) / 1e6 } };
}

function compare(
  name: string,
  ours: readonly Timing[],
  theirs: readonly Timing[],
  against: string,
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
    detail: `ours ${seconds}; ${against} ${peerWall.toFixed(2)} s wall, ${peerCpu.toFixed(2)} s CPU, one thread; CPU ratio ${(cpu / peerCpu).toFixed(2)}`,
  };
}

function firstRows(x: DesignMatrix, rows: number): DesignMatrix {
  return { rows, columns: x.columns, values: x.values.slice(0, rows * x.columns) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const line of await trainingBench()) console.log(formatBenchLine(line));
}
