import { appendFeed } from '../../plant/feed-log.js';
import type { Database } from '../../plant/ports.js';
import { LOOK, type Experiment } from '../experiment.js';
import type { LookReport } from './look.js';

/** Results as they stood. */
export interface Look {
  id: number;
  /** Real time. */
  at: Date;
  report: LookReport;
}

export interface LookStore {
  /** One transaction: the row, and the news of the experiment for who follows it. */
  write(experiment: Pick<Experiment, 'id' | 'key'>, at: Date, report: LookReport): Promise<void>;
  /** Newest first. */
  newest(experimentId: string, limit: number): Promise<Look[]>;
}

/** `experiment_look` in Postgres. */
export function lookStore(db: Database): LookStore {
  return {
    write: ({ id, key }, at, report) =>
      db.transaction(async (sql) => {
        await sql.query(
          'insert into experiment_look (experiment_id, at, report) values ($1, $2, $3::jsonb)',
          [id, at, JSON.stringify(report)],
        );
        await appendFeed(sql, 'experiment', [{ at, subject: id, keys: { key, what: LOOK } }]);
      }),
    newest: (experimentId, limit) =>
      db.query(
        'select id, at, report from experiment_look where experiment_id = $1 order by id desc limit $2',
        [experimentId, limit],
      ),
  };
}
