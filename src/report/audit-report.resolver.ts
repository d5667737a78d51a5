import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import { authorise, type Permission } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { AppError } from '../kernel/error.js';
import type { AuditReport } from './audit-report.js';
import type { AuditQuestion } from './gather-audit.js';
import { AuditReportKind, AuditReportType } from './report.type.js';

/** What each kind tells must be allowed where it is at home, too. */
const READS: Readonly<Record<AuditReportKind, Permission>> = {
  MODEL: 'model:read',
  EXPERIMENT: 'experiment:read',
  SEGMENTATION: 'segment:read',
};
const MOST_VERSION = 1_000_000;

/** Reports for audit. */
@Resolver()
export class AuditReportResolver {
  constructor(
    private readonly deps: {
      gatherAudit(context: RequestContext, question: AuditQuestion): Promise<AuditReport | null>;
    },
  ) {}

  @Query(() => AuditReportType, {
    nullable: true,
    description:
      'Data, parameters, metrics and approvals of one thing, put together now; null when there is no such thing.',
  })
  async auditReport(
    @Arg('kind', () => AuditReportKind, { description: 'What it is about.' })
    kind: AuditReportKind,
    @Arg('key', () => String, {
      description: 'Name of the model, key of the experiment or of the segmentation.',
    })
    key: string,
    @Arg('version', () => Int, {
      nullable: true,
      description:
        'Number of the version of a model or segmentation, from 1; the one in production unless told, else the newest.',
    })
    version: number | null,
    @Ctx() context: RequestContext,
  ): Promise<AuditReport | null> {
    authorise(context, 'report:read');
    authorise(context, READS[kind]);
    const number = version ?? null;
    if (number !== null && kind === 'EXPERIMENT')
      throw new AppError(
        'INVALID',
        `an experiment has no versions: leave version out, got ${number}`,
      );
    if (number !== null && (number < 1 || number > MOST_VERSION))
      throw new AppError('INVALID', `version must be 1..${MOST_VERSION}, got ${number}`);
    return this.deps.gatherAudit(context, { kind, key, version: number });
  }
}
