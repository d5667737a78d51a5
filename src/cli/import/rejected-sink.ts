import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../../kernel/error.js';
import type { BadRow } from './cell.js';
import { withoutErased } from '../../job/rejected-row.js';
import type { ImportDeps } from './context.js';

/** Where rows go that were not taken: the table `rejected_row` and a file of JSON lines. */
export interface RejectedSink {
  readonly count: number;
  /** The first reasons, for the summary. */
  readonly first: readonly BadRow[];
  add(rows: readonly BadRow[]): Promise<void>;
  /** Answers the file, or null when nothing was rejected. */
  close(): Promise<string | null>;
}

const SHOWN = 3;

/** Opens the file at the first rejected row only. @throws AppError INVALID when it cannot be written */
export function rejectedSink(
  deps: Pick<ImportDeps, 'writeRejectedRows' | 'clock' | 'dataDir'>,
  run: { jobId: string; source: string; input: string; file: string | null },
): RejectedSink {
  const file = path.resolve(
    run.file ??
      path.join(
        deps.dataDir,
        'rejected',
        `${path.basename(run.input)}-${run.jobId.slice(-8)}.ndjson`,
      ),
  );
  let stream: fs.WriteStream | null = null;
  let failure: Error | null = null;
  const first: BadRow[] = [];
  let count = 0;

  const open = (): fs.WriteStream => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const opened = fs.createWriteStream(file, { mode: 0o600 });
    opened.on('error', (error) => {
      failure = error;
    });
    return opened;
  };
  const check = (): void => {
    if (failure)
      throw new AppError(
        'INVALID',
        `the rejected rows cannot be written to ${file}: ${failure.message}`,
        {
          cause: failure,
        },
      );
  };
  return {
    get count() {
      return count;
    },
    first,
    async add(given) {
      if (given.length === 0) return;
      const rows = given.map(withoutErased);
      first.push(...rows.slice(0, Math.max(0, SHOWN - first.length)));
      count += rows.length;
      stream ??= open();
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      if (!stream.write(text) && !failure)
        await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
      check();
      const at = deps.clock.wall();
      await deps.writeRejectedRows(
        rows.map((row) => ({ ...row, jobId: run.jobId, source: run.source, at })),
      );
    },
    async close() {
      if (stream === null) return null;
      const ending = stream;
      await new Promise<void>((resolve) => {
        ending.once('close', resolve);
        ending.end();
        if (ending.closed) resolve();
      });
      check();
      return file;
    },
  };
}
