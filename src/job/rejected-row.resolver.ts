import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import type { TellPersonalRead } from '../access/personal-reads.js';
import { authorise, can } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError } from '../kernel/error.js';
import { decodeUuid, encodeId } from '../kernel/id.js';
import { withoutPersonalData } from './rejected-row.js';
import type { RejectedRowPage, StoredRejectedRow } from './rejected-row.store.js';
import { KeptRejectedRowType, RejectedRowConnectionType } from './rejected-row.type.js';

export interface RejectedRowResolverDeps {
  page: (page: RejectedRowPage) => Promise<StoredRejectedRow[]>;
  /** Ids of the customers that exist, by external id. */
  userIds?: (externalIds: readonly string[]) => Promise<Map<string, number>>;
  tellPersonalRead?: TellPersonalRead;
}

/** Rows that were not taken, to look at and to mend. */
@Resolver(() => KeptRejectedRowType)
export class RejectedRowResolver {
  constructor(private readonly deps: RejectedRowResolverDeps) {}

  @Query(() => RejectedRowConnectionType, {
    description:
      'Rows that imports and writing calls did not take, newest first, of the last 30 days.',
  })
  async rejectedRows(
    @Ctx() context: RequestContext,
    @Arg('source', () => String, {
      nullable: true,
      description:
        'Only of this source: recordEvents, upsertUsers, upsertDevices, recordTickets, or an import’s.',
    })
    source: string | null,
    @Arg('job', () => ID, { nullable: true, description: 'Only of this import: `Job:<uuid>`.' })
    job: string | null,
    @Arg('since', () => DateTime, { nullable: true, description: 'At or after.' })
    since: Date | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<RejectedRowConnectionType> {
    authorise(context, 'job:read');
    const first = pageSize(wanted);
    const rows = await this.deps.page({
      source: source ?? null,
      jobId: typeof job === 'string' ? jobIdOf(job) : null,
      since: since ?? null,
      after: typeof after === 'string' ? positionOf(after) : null,
      limit: first + 1,
    });
    const open = can(context.viewer, 'pii:read');
    if (open) await this.tell(context, rows.slice(0, first));
    return new Page(rows, first, cursorOf, (row) => toType(row, open));
  }

  /** A row may hold anything of whom it was about; of nobody known, the row itself was read. */
  private async tell(context: RequestContext, rows: readonly StoredRejectedRow[]): Promise<void> {
    const { tellPersonalRead, userIds } = this.deps;
    const told = rows.filter(({ code }) => code !== 'FORBIDDEN'); // these are kept empty
    if (!tellPersonalRead || told.length === 0) return;
    const keys = [...new Set(told.flatMap(({ userKey }) => userKey ?? []))];
    const ids = keys.length > 0 ? await userIds?.(keys) : undefined;
    for (const { id, userKey } of told)
      tellPersonalRead(
        context,
        (userKey === null ? undefined : ids?.get(userKey)) ?? encodeId('RejectedRow', id),
        'rejectedRow',
      );
  }
}

function toType(row: StoredRejectedRow, open: boolean): KeptRejectedRowType {
  const shown = open ? row : withoutPersonalData(row);
  const asObject = typeof shown.row === 'object' && shown.row !== null && !Array.isArray(shown.row);
  return {
    id: encodeId('RejectedRow', row.id),
    source: row.source,
    job: row.jobId && encodeId('Job', row.jobId),
    user: row.userKey,
    line: row.line,
    code: row.code,
    message: shown.message,
    row: asObject ? (shown.row as Record<string, unknown>) : { value: shown.row },
    at: row.at,
  };
}

function jobIdOf(id: string): string {
  const key = decodeUuid('Job', id);
  if (key === null) throw new AppError('INVALID', `job is not the id of a job: ${id.slice(0, 80)}`);
  return key;
}

function cursorOf(row: StoredRejectedRow): string {
  return encodeCursor([row.at.getTime(), row.id]);
}

function positionOf(cursor: string): { at: Date; id: number } {
  const [at, id] = decodeCursor(cursor, 2);
  const isInstant = typeof at === 'number' && Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15;
  if (!isInstant || typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0)
    throw new AppError('INVALID', 'after is not a cursor of rejected rows');
  return { at: new Date(at), id };
}
