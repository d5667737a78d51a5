import { randomUUID } from 'node:crypto';
import type {
  DocumentNode,
  ExecutionArgs,
  ExecutionResult,
  FormattedExecutionResult,
  GraphQLSchema,
} from 'graphql';
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { ServerOptions as ProtocolOptions, SubscribePayload } from 'graphql-ws';
import type { RequestContext } from '../graphql/context.js';
import { limitRule, listItemsError } from '../graphql/limits.js';
import { zeroCounts } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import type { SourceEvent } from './event-stream.js';
import { eventStream } from './event-stream.js';
import type { OperationScope, ScopeDeps } from './operation-scope.js';
import { failureBeforeAnswer, openScope } from './operation-scope.js';
import type { DoorLimits, ServerOptions } from './options.js';
import type { SocketLink } from './socket-link.js';
import { CLOSE } from './socket-link.js';

type Hooks = ProtocolOptions<Record<string, unknown>, SocketLink>;

/** One operation on a socket, from `subscribe` to `complete`. */
interface Operation {
  kind: OperationTypeNode;
  link: SocketLink;
  scope: OperationScope;
  context: RequestContext;
  /** Takes it off the socket's list and tells its resolvers to stop. */
  close(): void;
}

/** What is answered: the operation itself, or one event of it. */
type Answering = Pick<Operation, 'scope' | 'kind' | 'context'>;

/** What graphql-ws asks while operations run: the same parse, rules, masks and counts as over HTTP. */
export function openSocketOperations(
  options: ServerOptions,
  limits: DoorLimits,
): Required<
  Pick<Hooks, 'onSubscribe' | 'execute' | 'subscribe' | 'onNext' | 'onError' | 'onComplete'>
> {
  const { clock, log } = options;
  const scopes: ScopeDeps = {
    clock,
    log,
    transport: 'websocket',
    onOperation: options.onOperation,
    traces: options.traces ?? null,
  };
  const rules = [...specifiedRules, limitRule(limits)];
  const byPayload = new WeakMap<SubscribePayload, Operation>();
  const byArgs = new WeakMap<ExecutionArgs, Operation>();
  const answers = new WeakMap<object, FormattedExecutionResult>();

  /** Masks and counts now, while the scope is at hand; `onNext` sends it. */
  const answer = async (result: ExecutionResult, of: Answering): Promise<ExecutionResult> => {
    const { scope, kind } = of;
    const refused = await refusalOf(of);
    if (refused) return refused;
    const { errors, data, extensions } = result;
    const formatted: FormattedExecutionResult = {
      ...(errors ? { errors: errors.map((error) => scope.present(error)) } : {}),
      ...(data === undefined ? {} : { data }),
      ...(extensions ? { extensions } : {}),
    };
    answers.set(result, scope.finish(formatted, kind));
    return result;
  };

  /** The answer when the work that must be done before it fails; null when it is done. */
  const refusalOf = async ({
    scope,
    kind,
    context,
  }: Answering): Promise<ExecutionResult | null> => {
    const failure = await scope.run(() => failureBeforeAnswer(context, scope));
    if (!failure) return null;
    const refused: ExecutionResult = {};
    answers.set(refused, scope.finish({ errors: [failure] }, kind));
    return refused;
  };

  const open = (link: SocketLink, viewer: RequestContext['viewer'], kind: OperationTypeNode) => {
    // what follows a subscription's source lives for hours: each of its events is a trace of its own
    const traces = kind === OperationTypeNode.SUBSCRIPTION ? null : scopes.traces;
    const scope = openScope({ ...scopes, traces }, randomUUID());
    const aborter = new AbortController();
    const ending = { end: () => aborter.abort() };
    link.running.add(ending);
    const operation: Operation = {
      kind,
      link,
      scope,
      context: {
        viewer,
        requestId: scope.requestId,
        signal: aborter.signal,
        clock,
        counts: scope.counts,
        loaderKey: {},
      },
      close() {
        link.running.delete(ending);
        aborter.abort();
      },
    };
    return operation;
  };

  /** One event: another scope, other loaders, and the viewer's rights as they are now. */
  const answerEvent = async (
    args: ExecutionArgs,
    { link, context: operationContext, kind }: Operation,
    { payload, counts }: SourceEvent,
  ): Promise<ExecutionResult> => {
    const scope = openScope(scopes, operationContext.requestId, counts);
    const viewer = await link.viewer();
    if (viewer === null) {
      link.close(CLOSE.unauthorized, 'unauthenticated: the key was revoked or has expired');
      return {};
    }
    // what was allowed when it began may not be any more; who connects again is asked anew, and resumes by cursor
    if (viewer.role !== operationContext.viewer.role) {
      link.close(CLOSE.tryAgainLater, 'the role of the key has changed: connect again');
      return {};
    }
    const context: RequestContext = { ...operationContext, viewer, counts, loaderKey: {} };
    const result = await scope.run(() =>
      execute({ ...args, rootValue: payload, contextValue: context }),
    );
    return answer(result, { scope, kind, context });
  };

  return {
    async onSubscribe({ extra: link, subscriptions }, _id, payload) {
      if (Object.keys(subscriptions).length > limits.maxSubscriptions)
        return [
          new GraphQLError(
            `operations open on one WebSocket must be at most ${limits.maxSubscriptions}`,
            { extensions: { code: 'TOO_LARGE' } },
          ),
        ];
      const viewer = await link.viewer();
      if (viewer === null) {
        link.close(CLOSE.unauthorized, 'unauthenticated: the key was revoked or has expired');
        return [new GraphQLError('unauthenticated', { extensions: { code: 'UNAUTHENTICATED' } })];
      }
      const schema = options.schema.current();
      const prepared = prepare(payload, schema, limits, rules);
      if (!('document' in prepared)) return prepared.errors;
      const operation = open(link, viewer, prepared.kind);
      const args: ExecutionArgs = {
        schema,
        document: prepared.document,
        operationName: payload.operationName ?? null,
        variableValues: payload.variables ?? {},
        contextValue: operation.context,
      };
      byPayload.set(payload, operation);
      byArgs.set(args, operation);
      return args;
    },
    async execute(args) {
      const operation = operationOf(byArgs, args);
      return answer(await operation.scope.run(() => execute(args)), operation);
    },
    async subscribe(args) {
      const operation = operationOf(byArgs, args);
      const { scope, link } = operation;
      const source = await scope.run(() => createSourceEventStream(args));
      if (!(Symbol.asyncIterator in source)) return answer(source, operation);
      const refused = await refusalOf(operation);
      if (refused) {
        await source[Symbol.asyncIterator]().return?.();
        return refused;
      }
      const stream = eventStream({
        source,
        maxUndelivered: limits.maxUndelivered,
        answer: (event) => answerEvent(args, operation, event),
        onError: (error) => {
          if (!(error instanceof AppError && error.code === 'SLOW_SUBSCRIBER')) return false;
          link.close(CLOSE.slowSubscriber, `slow subscriber: ${error.message}`);
          return true;
        },
      });
      // aborted when the client completes, and when the socket closes or is told to
      operation.context.signal.addEventListener('abort', () => stream.end(), { once: true });
      if (operation.context.signal.aborted) stream.end();
      return stream;
    },
    onNext: (_context, _id, _payload, _args, result) => answers.get(result),
    onError(_context, _id, payload, errors) {
      const scope = byPayload.get(payload)?.scope ?? openScope(scopes, randomUUID(), zeroCounts());
      const presented = errors.map((error) => scope.present(error));
      const { extensions } = scope.finish({ errors: presented }, 'unknown');
      // the protocol's error message has room for errors only
      return presented.map((error, index) =>
        index === 0 ? { ...error, extensions: { ...error.extensions, ...extensions } } : error,
      );
    },
    onComplete(_context, _id, payload) {
      byPayload.get(payload)?.close();
    },
  };
}

function operationOf(
  operations: WeakMap<ExecutionArgs, Operation>,
  args: ExecutionArgs,
): Operation {
  const operation = operations.get(args);
  if (!operation) throw new AppError('INTERNAL', 'an operation was run that nobody subscribed');
  return operation;
}

type Prepared =
  { document: DocumentNode; kind: OperationTypeNode } | { errors: readonly GraphQLError[] };

/** Parsed and found good, or the errors; never throws, as that would close the whole socket. */
function prepare(
  payload: SubscribePayload,
  schema: GraphQLSchema,
  limits: DoorLimits,
  rules: Parameters<typeof validate>[2],
): Prepared {
  let document: DocumentNode;
  try {
    document = parse(payload.query, { maxLexicalTokens: limits.maxTokens });
  } catch (error) {
    const text = error instanceof GraphQLError ? error : new GraphQLError(String(error));
    return { errors: [withCode(text, 'GRAPHQL_PARSE_FAILED')] };
  }
  const errors = validate(schema, document, rules);
  if (errors.length > 0)
    return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
  const operation = getOperationAST(document, payload.operationName);
  if (!operation)
    return { errors: [new GraphQLError('operationName must name one operation of the document')] };
  const variables = payload.variables ?? {};
  const tooMany = listItemsError({ schema, document, operation, variables, limits });
  return tooMany ? { errors: [tooMany] } : { document, kind: operation.operation };
}

/** The code that the same fault has over HTTP, unless it has one. */
function withCode(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] ??= code;
  return error;
}
