import { execute, parse, subscribe, validate, type ExecutionResult } from 'graphql';
import { compose, type Composition } from '../../src/compose.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import type { Clock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import { readConfig } from '../../src/plant/env.js';
import { keptLog, type KeptLog } from './quiet-log.js';

/** An answer of the graph, untyped as on the wire. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Answer = any;

/** The composed graph on a test database, asked without HTTP. */
export interface TestGraph extends Composition {
  log: KeptLog;
  /** One operation with its counters; every call is a request of its own. */
  ask(
    document: string,
    variables?: Record<string, unknown>,
    role?: RoleName,
  ): Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }>;
  follow(
    document: string,
    variables?: Record<string, unknown>,
    role?: RoleName,
  ): Promise<AsyncIterableIterator<ExecutionResult>>;
}

/** Composes the system on a database of the test's own; the caller closes it. */
export async function openGraph(databaseUrl: string, clock: Clock): Promise<TestGraph> {
  const log = keptLog();
  // what a test asks twice is to be scored twice: the cache has tests of its own
  const config = { ...readConfig({}), resultCache: 0 };
  const composition = await compose({ databaseUrl, redisUrl: null, config, log, clock });
  const contextOf = (role: RoleName, counts: Counts): RequestContext => ({
    viewer: { id: 'test', name: 'test', role },
    requestId: 'test',
    signal: new AbortController().signal,
    clock,
    counts,
    loaderKey: {},
  });
  const checked = (text: string) => {
    const document = parse(text);
    const problems = validate(composition.schema, document);
    if (problems.length > 0) throw problems[0] ?? new Error('invalid');
    return document;
  };
  return {
    ...composition,
    get schema() {
      return composition.schema;
    },
    log,
    async ask(text, variableValues = {}, role = 'ADMIN') {
      const counts = zeroCounts();
      const document = checked(text);
      const result = await withCounts(counts, async () =>
        execute({
          schema: composition.schema,
          document,
          variableValues,
          contextValue: contextOf(role, counts),
        }),
      );
      return { data: result.data, errors: result.errors, counts };
    },
    async follow(text, variableValues = {}, role = 'ADMIN') {
      const result = await subscribe({
        schema: composition.schema,
        document: checked(text),
        variableValues,
        contextValue: contextOf(role, zeroCounts()),
      });
      if (!(Symbol.asyncIterator in result)) throw result.errors?.[0] ?? new Error('no stream');
      return result as AsyncIterableIterator<ExecutionResult>;
    },
  };
}
