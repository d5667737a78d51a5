import DataLoader from 'dataloader';
import { AppError } from '../../kernel/error.js';
import { perRequest, type RequestContext } from '../../graphql/context.js';
import { loaderByArguments } from '../../graphql/loader-by-arguments.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { SegmentServing, ServedSegmentation } from '../segmentation.js';
import { assessUsers, type AssessUsersDeps } from './assess-users.js';
import type { MembershipStore, StayPage } from './membership.store.js';
import {
  tableOfInputs,
  type Membership,
  type MembershipInputs,
  type MembershipReason,
  type Stay,
} from './membership.js';

/** One question of `User.segment`. */
export interface MembershipQuestion {
  served: ServedSegmentation;
  asOf: Date;
  live: boolean;
}

/** A membership that is asked for its reasons. */
export interface ExplainedMembership {
  modelVersionId: string;
  key: string;
  inputs: MembershipInputs;
}

/** Per-request batches of memberships. */
export interface MembershipLoaders {
  /** All customers of a list with equal questions: one statement of features, one run of the graph. */
  ofUser(
    context: RequestContext,
    question: MembershipQuestion,
  ): DataLoader<number, Membership | null>;
  /** Pages of stays; each holds up to `first` + 1. */
  stays(context: RequestContext): DataLoader<StayPage, Stay[], string>;
  /** Why a customer is in a segment, the strongest first; nothing of a segment that the version does not have. */
  reasons(context: RequestContext): DataLoader<ExplainedMembership, MembershipReason[]>;
}

export interface MembershipLoadersDeps extends AssessUsersDeps {
  serving: Pick<SegmentServing, 'use'>;
  memberships: AssessUsersDeps['memberships'] & Pick<MembershipStore, 'pages'>;
  /** Of each row, why it is in its segment. */
  explain(
    served: ServedSegmentation,
    table: FeatureTable,
    segments: readonly number[],
  ): MembershipReason[][];
}

/** Makes the loaders; compose does this once. */
export function membershipLoaders(deps: MembershipLoadersDeps): MembershipLoaders {
  return {
    ofUser: loaderByArguments(
      ({ served, asOf, live }: MembershipQuestion) =>
        `${served.version.id} ${asOf.getTime()} ${live}`,
      async (users: readonly number[], { served, asOf, live }, context) => {
        const question = { served, users, asOf, live };
        return (await assessUsers(deps, question, context.signal)).answers;
      },
    ),
    stays: perRequest(
      () =>
        new DataLoader<StayPage, Stay[], string>((pages) => deps.memberships.pages(pages), {
          cacheKeyFn: ({ userId, modelId, asOf, first, after }) =>
            JSON.stringify([userId, modelId, asOf, first, after]),
        }),
    ),
    reasons: perRequest(
      () =>
        new DataLoader<ExplainedMembership, MembershipReason[]>((rows) => explainAll(deps, rows)),
    ),
  };
}

async function explainAll(
  deps: Pick<MembershipLoadersDeps, 'serving' | 'explain'>,
  rows: readonly ExplainedMembership[],
): Promise<(MembershipReason[] | Error)[]> {
  const answers: (MembershipReason[] | Error)[] = rows.map(() => []);
  const byVersion = new Map<string, number[]>();
  for (const [index, { modelVersionId }] of rows.entries()) {
    const indices = byVersion.get(modelVersionId);
    if (indices) indices.push(index);
    else byVersion.set(modelVersionId, [index]);
  }
  await Promise.all(
    [...byVersion].map(async ([versionId, indices]) => {
      try {
        await deps.serving.use(versionId, (served) => {
          explainRows(deps, served, rows, indices, answers);
          return Promise.resolve();
        });
      } catch (error) {
        const failure =
          error instanceof Error
            ? error
            : new AppError('INTERNAL', 'explaining failed', { cause: error });
        for (const index of indices) answers[index] = failure;
      }
    }),
  );
  return answers;
}

function explainRows(
  { explain }: Pick<MembershipLoadersDeps, 'explain'>,
  served: ServedSegmentation,
  rows: readonly ExplainedMembership[],
  indices: readonly number[],
  answers: (MembershipReason[] | Error)[],
): void {
  const numbers = new Map(served.report.segments.map(({ key, number }) => [key, number]));
  const known = indices.filter((index) => numbers.has(rows[index]?.key ?? ''));
  const table = tableOfInputs(
    served.inputs,
    known.flatMap((index) => rows[index]?.inputs ?? []),
  );
  const segments = known.map((index) => numbers.get(rows[index]?.key ?? '') ?? 0);
  explain(served, table, segments).forEach((reasons, at) => {
    const index = known[at];
    if (index !== undefined) answers[index] = reasons;
  });
}
