import { appendFeed } from '../../plant/feed-log.js';
import type { Database } from '../../plant/ports.js';
import type { Experiment } from '../experiment.js';
import { worstGuardrail, type LookReport, type NewestGuardrail } from './look.js';

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
  /** Of every experiment that RUNS, what its newest look says of the guardrail that is worst off; one statement. */
  newestGuardrails(): Promise<NewestGuardrail[]>;
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
        await appendFeed(sql, 'experiment', [{ at, subject: id, keys: { key } }]);
      }),
    newest: (experimentId, limit) =>
      db.query(
        'select id, at, report from experiment_look where experiment_id = $1 order by id desc limit $2',
        [experimentId, limit],
      ),
    async newestGuardrails() {
      const rows = await db.query<{
        experimentId: string;
        experiment: string;
        at: Date;
        guardrails: LookReport['guardrails'];
      }>(
        `select e.id as "experimentId", e.key as experiment, l.at, l.report -> 'guardrails' as guardrails
         from experiment e cross join lateral (
           select at, report from experiment_look where experiment_id = e.id order by id desc limit 1) l
         where e.status = 'RUNNING' order by e.key`,
      );
      return rows.flatMap(({ guardrails, ...look }) => {
        const worst = worstGuardrail(guardrails);
        return worst ? [{ ...look, ...worst }] : [];
      });
    },
  };
}
