import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AuditPage, AuditRow, SubjectPage } from '../access/audit.store.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { decodeNumberCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { encodeId } from '../kernel/id.js';
import { UserType } from '../user/user.type.js';
import type { Erased } from './erase-user.js';
import type { Exported } from './export-user.js';
import {
  AuditConnectionType,
  EraseUserPayloadType,
  ExportUserPayloadType,
} from './privacy.type.js';

export interface PrivacyResolverDeps {
  exportUser: (externalId: string, actor: string) => Promise<Exported>;
  eraseUser: (externalId: string, actor: string) => Promise<Erased>;
  auditPage: (page: AuditPage) => Promise<AuditRow[]>;
}

const EXTERNAL_ID = { description: 'Key in the CRM.' };

/** What a customer may demand, and what those who answer for the data must be able to look up. */
@Resolver(() => AuditConnectionType)
export class PrivacyResolver {
  constructor(private readonly deps: PrivacyResolverDeps) {}

  @Mutation(() => ExportUserPayloadType, {
    description: 'Everything held about a customer, from every table; that it was read is audited.',
  })
  async exportUser(
    @Ctx() context: RequestContext,
    @Arg('externalId', () => String, EXTERNAL_ID) externalId: string,
  ): Promise<ExportUserPayloadType> {
    authorise(context, 'privacy:write');
    const { data, error } = await this.deps.exportUser(externalId, context.viewer.name);
    return { data, userErrors: error ? [error] : [] };
  }

  @Mutation(() => EraseUserPayloadType, {
    description:
      'Removes a customer from every table, for good; a receipt without personal data is kept, and the erasure is applied again after a restore.',
  })
  async eraseUser(
    @Ctx() context: RequestContext,
    @Arg('externalId', () => String, EXTERNAL_ID) externalId: string,
  ): Promise<EraseUserPayloadType> {
    authorise(context, 'privacy:write');
    const { receipt, error } = await this.deps.eraseUser(externalId, context.viewer.name);
    return {
      receipt: receipt && { ...receipt, id: encodeId('Erasure', receipt.id) },
      userErrors: error ? [error] : [],
    };
  }

  @Query(() => AuditConnectionType, {
    description:
      'The audit trail: changes, exports, erasures, reads of personal data; newest first.',
  })
  async auditTrail(
    @Ctx() context: RequestContext,
    @Arg('subject', () => String, {
      nullable: true,
      description: 'Only about this, such as `User:42` or `Feature:purchase_count_30d@1`.',
    })
    subject: string | null,
    @Arg('actor', () => String, { nullable: true, description: 'Only by the key of this name.' })
    actor: string | null,
    @Arg('action', () => String, {
      nullable: true,
      description: 'Only this, such as `personal data read`.',
    })
    action: string | null,
    @Arg('since', () => DateTime, { nullable: true, description: 'At or after, wall time.' })
    since: Date | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<AuditConnectionType> {
    authorise(context, 'privacy:write');
    const first = pageSize(wanted);
    const rows = await this.deps.auditPage({
      subject: subject ?? null,
      actor: actor ?? null,
      action: action ?? null,
      since: since ?? null,
      ...pageFrom(after, first),
    });
    return auditPage(rows, first);
  }
}

/** Who looked at a customer and who changed what about them. */
@Resolver(() => UserType)
export class UserAccessLogResolver {
  private readonly entries: (
    context: RequestContext,
  ) => DataLoader<SubjectPage, AuditRow[], string>;

  constructor(deps: { auditPagesOf: (pages: readonly SubjectPage[]) => Promise<AuditRow[][]> }) {
    this.entries = perRequest(
      () =>
        new DataLoader<SubjectPage, AuditRow[], string>((pages) => deps.auditPagesOf(pages), {
          cacheKeyFn: (page) => JSON.stringify([page.subject, page.after, page.limit]),
        }),
    );
  }

  @FieldResolver(() => AuditConnectionType, {
    description:
      'Entries of the audit trail about this customer, newest first: reads of personal data, consents, exports. For ADMIN.',
  })
  async accessLog(
    @Root() user: UserType,
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<AuditConnectionType> {
    authorise(context, 'privacy:write');
    const first = pageSize(wanted);
    const page = { subject: user.id, ...pageFrom(after, first) };
    return auditPage(await this.entries(context).load(page), first);
  }
}

/** One more than asked tells whether there are more. */
function pageFrom(
  after: string | null | undefined,
  first: number,
): { after: number | null; limit: number } {
  return { after: after ? decodeNumberCursor(after) : null, limit: first + 1 };
}

function auditPage(rows: readonly AuditRow[], first: number): AuditConnectionType {
  return new Page(
    rows,
    first,
    ({ id }) => encodeCursor([id]),
    (entry) => entry,
  );
}
