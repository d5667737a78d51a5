import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import type { RequestContext } from '../graphql/context.js';
import { workBeforeAnswer } from '../graphql/context.js';
import type { CountsExtension } from '../graphql/counts-extension.js';
import { countsExtension } from '../graphql/counts-extension.js';
import { presentError } from '../graphql/present-error.js';
import type { Clock } from '../kernel/clock.js';
import type { Counts } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import { currentOwner, withCounts, zeroCounts } from '../kernel/count.js';
import type { Log } from '../plant/ports.js';
import type { OpenSpan, TraceParent, Traces } from '../plant/traces.js';
import type { OperationReport } from './options.js';

/** One operation, or one event of a subscription, from its arrival to its answer. */
export interface OperationScope {
  readonly requestId: string;
  readonly counts: Counts;
  /** Runs `work` so that everything it awaits is counted here. */
  run<T>(work: () => T): T;
  /** Masks what the caller must not see, and logs it once. */
  present(error: GraphQLError): GraphQLFormattedError;
  /** Adds `extensions.counts` and reports to the metrics. */
  finish<T extends FormattedExecutionResult>(
    result: T,
    kind: OperationReport['kind'],
    name?: string | null,
  ): T & { extensions: { counts: CountsExtension } };
  /** True after `finish`. */
  readonly finished: boolean;
}

export interface ScopeDeps {
  clock: Clock;
  log: Log;
  transport: OperationReport['transport'];
  onOperation: ((report: OperationReport) => void) | undefined;
  traces: Pick<Traces, 'open'> | null;
}

/** What `withCounts` carries for us. */
class Owner {
  constructor(readonly scope: OperationScope) {}
}

/** The scope that the present call belongs to, or null outside of one. */
export function currentScope(): OperationScope | null {
  const owner = currentOwner();
  return owner instanceof Owner ? owner.scope : null;
}

/**
 * Does the work that must be done before the answer leaves; the error to answer instead when it fails, else
 * null. What was read must not leave unless it was written down that it was.
 */
export async function failureBeforeAnswer(
  context: RequestContext,
  scope: OperationScope | null,
): Promise<GraphQLFormattedError | null> {
  try {
    await workBeforeAnswer(context);
    return null;
  } catch (cause) {
    const message = 'the work before the answer failed';
    const originalError = new AppError('INTERNAL', message, { cause });
    return (
      scope?.present(new GraphQLError(message, { originalError })) ?? {
        message: 'internal error',
        extensions: { code: 'INTERNAL' },
      }
    );
  }
}

/** Opens a scope; the clock of its milliseconds starts now. */
export function openScope(
  deps: ScopeDeps,
  requestId: string,
  counts: Counts = zeroCounts(),
  parent: TraceParent | null = null,
): OperationScope {
  const startedMs = deps.clock.monotonicMs();
  const facts = { 'augury.request.id': requestId, 'augury.transport': deps.transport };
  const span: OpenSpan | null = deps.traces?.open('graphql operation', facts, parent) ?? null;
  let finished = false;
  const scope: OperationScope = {
    requestId,
    counts,
    run: (work) => {
      const counted = () => withCounts(counts, work, new Owner(scope));
      return span ? span.run(counted) : counted();
    },
    present(error) {
      const { formatted, masked } = presentError(error, requestId);
      if (masked)
        deps.log.error(
          { err: masked, requestId, path: error.path?.join('.') },
          'an operation failed unexpectedly',
        );
      return formatted;
    },
    finish(result, kind, name) {
      if (span && !finished) endSpan(span, result, kind, name ?? null);
      finished = true;
      const extension = countsExtension(counts, deps.clock.monotonicMs() - startedMs);
      const errorCodes = (result.errors ?? []).map(({ extensions }) =>
        typeof extensions?.['code'] === 'string' ? extensions['code'] : 'UNKNOWN',
      );
      deps.onOperation?.({ transport: deps.transport, kind, errorCodes, counts: extension });
      return { ...result, extensions: { ...result.extensions, counts: extension } };
    },
    get finished() {
      return finished;
    },
  };
  return scope;
}

function endSpan(
  span: OpenSpan,
  { errors }: FormattedExecutionResult,
  kind: OperationReport['kind'],
  name: string | null,
): void {
  span.end({
    failed: (errors?.length ?? 0) > 0,
    facts: {
      'graphql.operation.type': kind,
      ...(name === null ? {} : { 'graphql.operation.name': name }),
    },
  });
}
