import { InvalidArgumentError, type Command } from 'commander';
import type { Clock } from '../../kernel/clock.js';
import { addDays, dayOf } from '../../report/day.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { instant } from '../option-values.js';
import { ask, must, type Remote } from '../remote.js';

interface Report {
  date: string;
  soFar: boolean;
  markdown: string;
}

const FIELDS = `id date soFar health rating predictions requests errorRate fallbackRate
  latencyMs { mean p50 p95 p99 } diversity alertsFired alertsResolved alertsFiring drifted
  recommendations figures createdAt markdown`;

/** Parses `YYYY-MM-DD`. @throws InvalidArgumentError for anything else, days that no month has included */
export function calendarDay(text: string): string {
  const wrong = new InvalidArgumentError('It must be a day that there is, such as 2026-11-20.');
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw wrong;
  try {
    return instant(text).slice(0, 10);
  } catch {
    throw wrong;
  }
}

/** `report [--date D]`. */
export function addReportCommand(
  program: Command,
  context: CliContext,
  clock: Pick<Clock, 'wall'>,
): void {
  program
    .command('report')
    .description('the report on a day; written first where that is missing')
    .option('--date <day>', 'the day, UTC; default yesterday; today is told so far', calendarDay)
    .action(async ({ date }: { date?: string }) => {
      const remote = await context.remote();
      const wanted = date ?? addDays(dayOf(clock.wall()), -1);
      const report = (await read(remote, wanted)) ?? (await write(remote, wanted, context));
      const { line, json } = context.output;
      line(json ? JSON.stringify(report) : (report?.markdown ?? '').trimEnd());
    });
}

async function read(remote: Remote, date: string): Promise<Report | null> {
  const { dailyReport } = await ask<{ dailyReport: Report | null }>(
    remote,
    `query Report($date: Date!) { dailyReport(date: $date) { ${FIELDS} } }`,
    { date },
  );
  return dailyReport;
}

async function write(remote: Remote, date: string, context: CliContext): Promise<Report | null> {
  const { writeDailyReport } = await ask<{
    writeDailyReport: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Write($date: Date!) {
      writeDailyReport(date: $date) { job { id } userErrors { code message path } }
    }`,
    { date },
  );
  const { job } = must(writeDailyReport);
  if (job) await followJob(remote, job.id, '', context.output);
  return read(remote, date);
}
