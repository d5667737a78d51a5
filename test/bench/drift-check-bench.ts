import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { answerStore } from '../../src/drift/answer.store.js';
import { detectDrift, type DetectDriftDeps } from '../../src/drift/detect-drift.js';
import type { DriftReference } from '../../src/drift/reference.js';
import { windowStore } from '../../src/drift/window.store.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import { featureReader } from '../../src/feature/feature.store.js';
import { readFeatures } from '../../src/feature/read-features.js';
import { stretchReader } from '../../src/feature/stretch.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { ServedModel } from '../../src/model/serving.js';
import { firstEventMatters } from '../../src/prediction/batch-rows.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';
import { openScorer } from '../../src/scorer/scorer.js';
import type { Scorer } from '../../src/scorer/ports.js';
import type { Database } from '../../src/plant/ports.js';
import { listLog } from '../support/scorer.js';
import { plainJob } from '../support/score-run.js';
import { reportWith } from '../support/served-model.js';
import { attributeModel, fillCustomers } from './batch-bench.js';
import { openBenchDatabase } from './bench-database.js';
import { median, type BenchLine } from './bench-line.js';

const CUSTOMERS = 100_000;
const CHUNK = 5_000;
const ROUNDS = 3;
const asOf = new Date();

/** A whole check of everybody beside reading and scoring the same features, and beside reading them alone, by turns. */
export async function driftCheckBench(): Promise<BenchLine[]> {
  const { db, close } = await openBenchDatabase();
  const scorer = await openScorer({
    ...{ provider: 'cpu', workers: 1, maxQueuedRows: 100_000, log: listLog() },
  });
  try {
    await fillCustomers(db, CUSTOMERS);
    const served = withReport(await attributeModel(scorer));
    const deps = depsOf(db, scorer, served);
    const seconds: Record<'check' | 'read', number[]> = { check: [], read: [] };
    await check(deps, served); // its window becomes the reference
    for (let round = 0; round < ROUNDS; round += 1) {
      seconds.read.push(await timed(() => readAlone(deps, served)));
      seconds.check.push(await timed(() => check(deps, served)));
    }
    const ratios = seconds.check.map((taken, i) => taken / (seconds.read[i] ?? NaN));
    return [
      {
        name: `drift check of ${CUSTOMERS.toLocaleString('en-US')} customers x ${served.features.length} features, scores included`,
        figure: `${Math.round(CUSTOMERS / median(seconds.check)).toLocaleString('en-US')} rows/s`,
        detail: `${median(ratios).toFixed(2)} x reading the features alone (${median(seconds.check).toFixed(2)} against ${median(seconds.read).toFixed(2)} s; a forest of 200 trees scores every row); load ${(os.loadavg()[0] ?? 0).toFixed(1)}`,
      },
    ];
  } finally {
    await scorer.close();
    await close();
  }
}

/** What a check asks of a version besides its inputs. */
function withReport(served: ServedModel): ServedModel {
  const featureNames = served.features.map(({ name }) => name);
  const importances = featureNames.map((feature, rank) => ({
    feature,
    rank,
    gain: 1,
    meanAbsoluteContribution: 1,
  }));
  const plain = reportWith(null);
  const recipe = { ...(plain['recipe'] as object), label: 'OUTCOMES' };
  return {
    ...served,
    version: { ...served.version, featureNames, report: { ...plain, importances, recipe } },
  };
}

/** References and reports are kept here: the version is of no registry. */
function depsOf(db: Database, scorer: Scorer, served: ServedModel): DetectDriftDeps {
  const ledger = predictionStore(db);
  const typeIds = eventCatalogue(db, 'event_type').idsOf;
  const read = readFeatures({ run: featureReader(db), typeIds });
  let kept: DriftReference | null = null;
  return {
    ...answerStore(db),
    useVersion: (_, work) => work(served),
    stretches: { after: ledger.stretchAfter, read: stretchReader(db, read) },
    userCounts: ledger.userCounts,
    within: windowStore(db).within,
    scorer,
    newestReference: () => Promise.resolve(kept),
    writeReference: (reference) => {
      kept = reference;
      return Promise.resolve();
    },
    labelsOf: () => Promise.resolve({ rows: 0, positive: 0 }),
    labelledScores: () => Promise.resolve([]),
    hasOutcomes: () => Promise.resolve(false),
    hasEventsSince: () => Promise.resolve(false),
    submitJob: () => Promise.reject(new Error('nothing has drifted')),
    reportOfJob: () => Promise.resolve(null),
    writeReport: (report) => {
      if (report.currentRows !== CUSTOMERS) throw new Error(`${report.currentRows} rows`);
      return Promise.resolve(report);
    },
    publishDrift: () => undefined,
    clock: systemClock(),
  };
}

async function check(deps: DetectDriftDeps, served: ServedModel): Promise<void> {
  const input = {
    ...{ kind: 'CHECK', model: served.model.name, modelVersionId: served.version.id },
    ...{ referenceFrom: null, referenceUntil: null, currentFrom: null },
    currentUntil: asOf.toISOString(),
  };
  await detectDrift(deps, { ...plainJob(randomUUID()), input });
}

async function readAlone({ stretches }: DetectDriftDeps, served: ServedModel): Promise<void> {
  const matters = firstEventMatters(served, asOf);
  for (let after = 0; ;) {
    const next = await stretches.after(after, CHUNK);
    if (next === null) return;
    const { until } = next;
    const rows = await stretches.read({ features: served.features, after, until, asOf }, matters);
    rows.release?.();
    after = until;
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
