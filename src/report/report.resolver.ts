import { Arg, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { CalendarDay } from '../graphql/scalars.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { Job } from '../job/job.js';
import { AppError } from '../kernel/error.js';
import type { DailyReport } from './daily-report.js';
import { dayError, dayOf, type Day } from './day.js';
import { dailyReportNode, type DailyReportNode } from './report-nodes.js';
import { DailyReportConnectionType, DailyReportType } from './report.type.js';

export interface ReportResolverDeps {
  byDate(date: Day): Promise<DailyReport | null>;
  page(page: { before: Day | null; limit: number }): Promise<DailyReport[]>;
  /** A day so far. @throws AppError INVALID for a day to come */
  tellDay(date: Day): Promise<DailyReport>;
  /** The id of a job that writes it, or waits to. */
  requestReport(date: Day, createdBy: string): Promise<string>;
  job(id: string): Promise<Job | null>;
  wall(): Date;
}

/** Daily reports: one, all, and having one written. */
@Resolver(() => DailyReportType)
export class ReportResolver {
  constructor(private readonly deps: ReportResolverDeps) {}

  @Query(() => DailyReportType, {
    nullable: true,
    description:
      'The report on a day; null while none was written, see `writeDailyReport`. Of today (UTC, wall time) so far, put together now; a day to come is refused.',
  })
  async dailyReport(
    @Arg('date', () => CalendarDay, { description: 'The day, UTC.' }) date: string,
    @Ctx() context: RequestContext,
  ): Promise<DailyReportNode | null> {
    authorise(context, 'report:read');
    const today = dayOf(this.deps.wall());
    const report = date < today ? await this.deps.byDate(date) : await this.deps.tellDay(date);
    return report && dailyReportNode(report);
  }

  @Query(() => DailyReportConnectionType, { description: 'Daily reports, newest day first.' })
  async dailyReports(
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<Page<DailyReport, DailyReportNode>> {
    authorise(context, 'report:read');
    const first = pageSize(wanted);
    const before = after ? dayInCursor(after) : null;
    const rows = await this.deps.page({ before, limit: first + 1 });
    return new Page(rows, first, ({ date }) => encodeCursor([date]), dailyReportNode);
  }

  @Mutation(() => JobPayloadType, {
    description:
      'Has the report on a day that is over written; follow the job. One that is there is replaced and keeps its id.',
  })
  async writeDailyReport(
    @Arg('date', () => CalendarDay, { description: 'The day, UTC; yesterday at the latest.' })
    date: string,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const error = dayError(date, dayOf(this.deps.wall()));
    if (error) return { job: null, userErrors: [error] };
    const job = await this.deps.job(await this.deps.requestReport(date, context.viewer.name));
    return { job: job && jobNode(job), userErrors: [] };
  }
}

const DAY = /^\d{4}-\d\d-\d\d$/;

function dayInCursor(after: string): Day {
  const [day] = decodeCursor(after, 1);
  if (typeof day === 'string' && DAY.test(day) && !Number.isNaN(Date.parse(day))) return day;
  throw new AppError('INVALID', `after is not a cursor of daily reports: ${after.slice(0, 80)}`);
}
