import os from 'node:os';
import { armsBench } from './arms-bench.js';
import { batchBench } from './batch-bench.js';
import { formatBenchLine, type BenchLine } from './bench-line.js';
import { driftBench } from './drift-bench.js';
import { driftCheckBench } from './drift-check-bench.js';
import { featureBench } from './feature-bench.js';
import { importBench } from './import-bench.js';
import { ingestBench } from './ingest-bench.js';
import { kmeansBench } from './kmeans-bench.js';
import { listBench } from './list-bench.js';
import { scorerBench } from './scorer-bench.js';
import { segmentsBench } from './segments-bench.js';
import { trainingBench } from './training-bench.js';
import { watchBench } from './watch-bench.js';

const BENCHES: Record<string, () => Promise<BenchLine[]>> = {
  list: listBench,
  scorer: scorerBench,
  batch: batchBench,
  features: featureBench,
  import: importBench,
  ingest: ingestBench,
  training: trainingBench,
  kmeans: kmeansBench,
  segments: segmentsBench,
  drift: async () => [...(await driftBench()), ...(await driftCheckBench())],
  watch: watchBench,
  arms: armsBench,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(
    `no bench named ${unknown.join(', ')}: there are ${Object.keys(BENCHES).join(', ')}`,
  );
  process.exit(2);
}
const [cpu] = os.cpus();
console.log(
  `${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}, load ${os.loadavg()[0]?.toFixed(1) ?? '?'}`,
);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const line of await bench()) console.log(formatBenchLine(line));
}
