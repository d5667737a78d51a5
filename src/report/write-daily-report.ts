import type { AuditEntry } from '../access/audit.store.js';
import { requestOnce, type RequestOnceDeps } from '../job/request-once.js';
import type { RunningJob } from '../job/run-job.js';
import { AppError } from '../kernel/error.js';
import { encodeId } from '../kernel/id.js';
import { adviceOn } from './advice.js';
import { errorRateOf, responseSecondsOf } from './daily-report.js';
import type { DailyReport, DayFigures, ReportContent } from './daily-report.js';
import { dayError, dayOf, endOf, FIRST_DAY, missedDays, startOf, type Day } from './day.js';
import { healthSentence } from './health-sentence.js';
import { ratingOf } from './rating.js';
import { reportMarkdown } from './report-markdown.js';
import { reportJobInput, type ReportJobResult } from './report.messages.js';

export interface TellDayDeps {
  /** What happened in `from` <= t < `until`. */
  figuresOf(window: { from: Date; until: Date }): Promise<DayFigures>;
  /** Wall time. */
  wall(): Date;
}

export interface WriteDailyReportDeps extends TellDayDeps {
  newId(): string;
  /** Stores the report, or replaces that of the day under its id, with the entry of the trail; answers the id. */
  save(
    report: DailyReport & { id: string },
    told: (id: string, replaced: boolean) => AuditEntry,
  ): Promise<string>;
}

/** What figures come to: grade, sentence, advice. Pure. */
export function judgeDay(figures: DayFigures): ReportContent {
  const rating = ratingOf({
    errorRate: errorRateOf(figures),
    responseSeconds: responseSecondsOf(figures),
    diversity: figures.segmentation?.diversity ?? null,
  });
  const recommendations = adviceOn(figures);
  return { figures, rating, health: healthSentence(figures, rating), recommendations };
}

/**
 * A report on a day, not stored: of one that goes on, so far.
 * @throws AppError INVALID for a day to come, or before 2000
 */
export async function tellDay(deps: TellDayDeps, date: Day): Promise<DailyReport> {
  const now = deps.wall();
  const today = dayOf(now);
  if (date > today || date < FIRST_DAY)
    throw new AppError('INVALID', `date must be ${FIRST_DAY}..${today} (today, UTC), got ${date}`);
  const content = judgeDay(await deps.figuresOf({ from: startOf(date), until: endOf(date, now) }));
  const markdown = reportMarkdown(date, content, date === today);
  return { id: null, date, ...content, markdown, createdAt: now, jobId: null };
}

/** The work of a REPORT job: tells of a day that is over, and stores it. @throws AppError INVALID */
export function writeDailyReport(
  deps: WriteDailyReportDeps,
): (job: RunningJob) => Promise<ReportJobResult> {
  return async (job) => {
    const input = reportJobInput.safeParse(job.input);
    if (!input.success)
      throw new AppError('INVALID', `input of a REPORT job: ${input.error.message}`);
    const { date } = input.data;
    const error = dayError(date, dayOf(deps.wall()));
    if (error) throw new AppError('INVALID', error.message);
    job.report(0.1, 'gathering');
    const report = await tellDay(deps, date);
    job.signal.throwIfAborted();
    const dailyReportId = await deps.save(
      { ...report, id: deps.newId(), jobId: job.id },
      (id, replaced) => ({
        at: deps.wall(),
        actor: job.createdBy,
        action: replaced ? 'rewritten' : 'written',
        subject: encodeId('DailyReport', id),
        detail: { date, rating: report.rating, job: job.id },
      }),
    );
    return { dailyReportId, date };
  };
}

/** Asks for a report on the day; one job that waits for it is enough. Answers the job's id. */
export function requestReport(
  deps: RequestOnceDeps<'REPORT'>,
): (date: Day, createdBy: string) => Promise<string> {
  return (date, createdBy) =>
    requestOnce(
      deps,
      { kind: 'REPORT', input: { date }, createdBy },
      (input) => input['date'] === date,
    );
}

/** Asks for the reports that are missing: yesterday's, and those of days on which nobody was there to write. */
export function requestMissedReports(deps: {
  lastDay(): Promise<Day | null>;
  request(date: Day, createdBy: string): Promise<string>;
  wall(): Date;
}): (createdBy: string) => Promise<Day[]> {
  return async (createdBy) => {
    const days = missedDays(await deps.lastDay(), dayOf(deps.wall()));
    for (const day of days) await deps.request(day, createdBy);
    return days;
  };
}
