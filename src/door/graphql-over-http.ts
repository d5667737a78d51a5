import type { IncomingMessage } from 'node:http';
import type {
  ApolloServerOptionsWithGateway,
  ApolloServerPlugin,
  GraphQLRequestContext,
} from '@apollo/server';
import { ApolloServer, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FormattedExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { RequestContext, Viewer } from '../graphql/context.js';
import { limitRule, listItemsError } from '../graphql/limits.js';
import type { SchemaSource } from '../graphql/schema-source.js';
import { zeroCounts } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import type { TraceParent } from '../plant/traces.js';
import type { Exchange } from './http.js';
import { reply } from './http.js';
import { jsonBodyReader } from './json-body.js';
import type { OperationScope, ScopeDeps } from './operation-scope.js';
import { currentScope, failureBeforeAnswer, openScope } from './operation-scope.js';
import type { DoorLimits, ServerOptions } from './options.js';

/** GraphQL over HTTP, for requests whose viewer is known. */
export interface GraphqlOverHttp {
  handle(exchange: Exchange, viewer: Viewer): Promise<void>;
  stop(): Promise<void>;
}

type GatewayInterface = ApolloServerOptionsWithGateway<RequestContext>['gateway'];

/** Header of every answer: the schema it was made with, or an older one; another value says that there is another. */
const SCHEMA_VERSION_HEADER = 'x-augury-schema';

const MASKED: GraphQLFormattedError = {
  message: 'internal error',
  extensions: { code: 'INTERNAL' },
};

function kindOf(context: GraphQLRequestContext<RequestContext>) {
  return context.operation?.operation ?? 'unknown';
}

/** Refuses what is too big or needs the other transport; counts and reports every answer. */
function doorPlugin(limits: DoorLimits): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation({ schema, operation, document, request }) {
          if (!operation) return Promise.resolve();
          if (operation.operation === OperationTypeNode.SUBSCRIPTION)
            throw new GraphQLError(
              'a subscription needs the WebSocket transport: connect to this same path with the graphql-transport-ws protocol',
              {
                nodes: operation,
                extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
              },
            );
          const error = listItemsError({
            schema,
            document,
            operation,
            variables: request.variables ?? {},
            limits,
          });
          if (error) throw withStatus(error, 400);
          return Promise.resolve();
        },
        async willSendResponse(context) {
          const { body, http } = context.response;
          const failure = await failureBeforeAnswer(context.contextValue, currentScope());
          if (failure) http.status = 500;
          if (body.kind === 'single') {
            const result = failure ? { errors: [failure] } : body.singleResult;
            const { operationName } = context;
            body.singleResult =
              currentScope()?.finish(result, kindOf(context), operationName) ?? result;
          }
          // GraphQL over HTTP: who takes application/json only gets a 200 for a well-formed request
          const accept = context.request.http?.headers.get('accept') ?? '';
          const onlyJson =
            accept.includes('application/json') &&
            !accept.includes('application/graphql-response+json');
          if (http.status === 400 && onlyJson) http.status = 200;
        },
      }),
  };
}

/**
 * The documented way to give Apollo another schema while it runs. It keeps parsed documents with the schema
 * that they were checked against, and a request ends on the one it began with.
 */
function liveGateway(schema: SchemaSource): GatewayInterface {
  return {
    load: () => Promise.resolve({ executor: null }),
    onSchemaLoadOrUpdate(listener) {
      const tell = (apiSchema: GraphQLSchema): void =>
        listener({ apiSchema, coreSupergraphSdl: '' });
      tell(schema.current());
      return schema.onSwap(tell);
    },
    stop: () => Promise.resolve(),
  };
}

function withStatus(error: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    extensions: { ...error.extensions, http: { status } },
  });
}

/** Apollo Server behind an adapter of our own (see docs: express costs half the requests). */
export async function openGraphqlOverHttp(
  options: ServerOptions,
  limits: DoorLimits,
): Promise<GraphqlOverHttp> {
  const { schema, clock, log } = options;
  const apollo = new ApolloServer<RequestContext>({
    gateway: liveGateway(schema),
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    parseOptions: { maxLexicalTokens: limits.maxTokens },
    validationRules: [limitRule(limits)],
    formatError: (formatted, error) =>
      error instanceof GraphQLError
        ? (currentScope()?.present(withExtensions(error, formatted)) ?? MASKED)
        : MASKED,
    logger: {
      debug: (message: unknown) => log.debug({}, String(message)),
      info: (message: unknown) => log.debug({}, String(message)),
      warn: (message: unknown) => log.warn({}, String(message)),
      error: (message: unknown) => log.error({}, String(message)),
    },
    plugins: [
      doorPlugin(limits),
      // it wraps every field and doubles the cost of a list
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await apollo.start();
  const readJson = jsonBodyReader(limits);
  const { onOperation, traces = null } = options;
  const scopes: ScopeDeps = { clock, log, transport: 'http', onOperation, traces };

  const answer = async (
    exchange: Exchange,
    viewer: Viewer,
    body: unknown,
    scope: OperationScope,
    signal: AbortSignal,
  ): Promise<void> => {
    const { request, url, requestId } = exchange;
    const { counts } = scope;
    // taken before Apollo looks: an introspection must never pass for a newer schema than it shows
    const version = schema.version();
    const context: RequestContext = { viewer, requestId, signal, clock, counts, loaderKey: {} };
    const httpGraphQLRequest = {
      method: request.method ?? 'GET',
      headers: headersOf(request),
      search: url.search,
      body,
    };
    const answered = await scope.run(() =>
      apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest,
        context: () => Promise.resolve(context),
      }),
    );
    if (answered.body.kind !== 'complete')
      throw new AppError('INTERNAL', 'incremental delivery is not served');
    reply(
      exchange,
      answered.status ?? 200,
      {
        'cache-control': 'no-store',
        [SCHEMA_VERSION_HEADER]: version,
        ...Object.fromEntries(answered.headers),
      },
      withCounts(answered.body.string, scope),
    );
  };

  return {
    async handle(exchange, viewer) {
      const { response, requestId } = exchange;
      const scope = openScope(scopes, requestId, zeroCounts(), traceParentOf(exchange.request));
      const aborter = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) aborter.abort();
      });
      const { body, release } = await readJson(exchange, aborter.signal);
      try {
        await answer(exchange, viewer, body, scope, aborter.signal);
      } finally {
        release();
      }
    },
    stop: () => apollo.stop(),
  };
}

/** The caller's trace, when it sends one. */
function traceParentOf({ headers }: IncomingMessage): TraceParent | null {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string') return null;
  return { traceparent, tracestate: Array.isArray(tracestate) ? tracestate.join() : tracestate };
}

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  // No page of another site can send a key by itself, so a key needs no proof against forgery; a session does.
  if (request.headers.authorization !== undefined) headers.set('apollo-require-preflight', '1');
  return headers;
}

/** Apollo puts its code on the formatted copy only. */
function withExtensions(error: GraphQLError, formatted: GraphQLFormattedError): GraphQLError {
  const code = formatted.extensions?.['code'];
  if (typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR')
    error.extensions['code'] ??= code;
  return error;
}

/** Errors found before an operation existed pass by the plugin: they get their counts here. */
function withCounts(body: string, scope: OperationScope): string {
  if (scope.finished) return body;
  const result = JSON.parse(body) as FormattedExecutionResult;
  return JSON.stringify(scope.finish(result, 'unknown'));
}
