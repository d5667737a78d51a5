import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { instant, wholeNumber } from '../option-values.js';
import { figure, table, type Output } from '../output.js';
import { ask } from '../remote.js';

interface Report {
  predictions: number;
  mismatches: number;
  tolerance: number;
  largestDifference: number | null;
  artifacts: { sha256: string; predictions: number }[];
  examples: {
    prediction: string;
    stored: number;
    replay: { probability: number | null; because: string | null };
  }[];
}

const REPLAY = `query Replay($model: String!, $since: DateTime, $until: DateTime, $first: Int!) {
  replayLedger(model: $model, since: $since, until: $until, first: $first) {
    predictions mismatches tolerance largestDifference artifacts { sha256 predictions }
    examples { prediction stored replay { probability because } }
  }
}`;

/** `models replay`: past scores asked for again; fails when one does not come out the same. */
export function addReplayCommand(models: Command, context: CliContext): void {
  models
    .command('replay')
    .description('ask past scores again from their logged inputs, and compare')
    .argument('<name>', 'for example churn')
    .option('--last <n>', 'the newest so many, 1..10000', wholeNumber(1, 10_000), 10_000)
    .option('--since <iso>', 'scored at or after this; default: 30 days before the end', instant)
    .option('--until <iso>', 'scored before this; default: now', instant)
    .action(async (model: string, options: { last: number; since?: string; until?: string }) => {
      const { last: first, since = null, until = null } = options;
      const { replayLedger: report } = await ask<{ replayLedger: Report }>(
        await context.remote(),
        REPLAY,
        { model, since, until, first },
      );
      printReplay(report, context.output);
      if (report.mismatches > 0)
        throw new AppError(
          'CONFLICT',
          `${report.mismatches} of ${report.predictions} scores did not come out as they are in the ledger`,
        );
    });
}

function printReplay(report: Report, output: Output): void {
  if (output.json) {
    output.line(JSON.stringify(report));
    return;
  }
  const { predictions, mismatches, tolerance, largestDifference, artifacts, examples } = report;
  output.line(
    `${figure(predictions)} scores asked again, ${figure(mismatches)} off by more than ${tolerance}; largest difference ${largestDifference ?? '–'}`,
  );
  for (const { sha256, predictions: rows } of artifacts)
    output.line(`artifact ${sha256}: ${figure(rows)} scores`);
  if (examples.length > 0)
    output.line(
      table(
        ['prediction', 'stored', 'replayed'],
        examples.map(({ prediction, stored, replay }) => [
          prediction,
          String(stored),
          replay.probability === null ? (replay.because ?? '–') : String(replay.probability),
        ]),
      ),
    );
}
