import type { Model } from './model/model.js';
import type { Serving } from './model/serving.js';
import type { Database } from './plant/ports.js';
import { answerByFallback } from './prediction/fallback.js';
import { PerformanceResolver } from './prediction/performance.resolver.js';
import { performanceStore } from './prediction/performance.store.js';
import type { PredictionStore } from './prediction/prediction.store.js';
import { replayLedger } from './prediction/replay-ledger.js';
import { ReplayResolver } from './prediction/replay.resolver.js';
import { replayRows } from './prediction/replay.js';
import type { Scorer } from './scorer/ports.js';

/** Past answers: asked again, and judged by what came of them. */
export function composeLedgerReading(parts: {
  db: Database;
  scorer: Pick<Scorer, 'score'>;
  serving: Pick<Serving, 'use'>;
  ledger: Pick<PredictionStore, 'newestRows'>;
  modelByName(name: string): Promise<Model | null>;
}): { resolvers: object[] } {
  const { db, scorer, serving, ledger, modelByName } = parts;
  const replay = {
    useVersion: serving.use.bind(serving),
    scorer,
    answerByRules: answerByFallback,
    modelByName,
    newestRows: ledger.newestRows,
  };
  return {
    resolvers: [
      new ReplayResolver({
        replayRows: (rows, signal) => replayRows(replay, rows, signal),
        replayLedger: (question, signal) => replayLedger(replay, question, signal),
      }),
      new PerformanceResolver({ performanceSums: performanceStore(db).sums }),
    ],
  };
}
