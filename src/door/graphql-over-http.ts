import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import { ApolloServer, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { RequestContext, Viewer } from '../graphql/context.js';
import { limitRule, listItemsError } from '../graphql/limits.js';
import { AppError } from '../kernel/error.js';
import type { Exchange } from './http.js';
import { nestsDeeper, readBody, reply } from './http.js';
import type { OperationScope, ScopeDeps } from './operation-scope.js';
import { currentScope, openScope } from './operation-scope.js';
import type { DoorLimits, ServerOptions } from './options.js';

/** GraphQL over HTTP, for requests whose viewer is known. */
export interface GraphqlOverHttp {
  handle(exchange: Exchange, viewer: Viewer): Promise<void>;
  stop(): Promise<void>;
}

const MASKED: GraphQLFormattedError = {
  message: 'internal error',
  extensions: { code: 'INTERNAL' },
};

function kindOf(context: GraphQLRequestContext<RequestContext>) {
  return context.operation?.operation ?? 'unknown';
}

/** Refuses what is too big or needs the other transport; counts and reports every answer. */
function doorPlugin(
  schema: ServerOptions['schema'],
  limits: DoorLimits,
): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation({ operation, document, request }) {
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
        willSendResponse(context) {
          const { body, http } = context.response;
          if (body.kind === 'single')
            body.singleResult =
              currentScope()?.finish(body.singleResult, kindOf(context)) ?? body.singleResult;
          // GraphQL over HTTP: who takes application/json only gets a 200 for a well-formed request
          const accept = context.request.http?.headers.get('accept') ?? '';
          const onlyJson =
            accept.includes('application/json') &&
            !accept.includes('application/graphql-response+json');
          if (http.status === 400 && onlyJson) http.status = 200;
          return Promise.resolve();
        },
      }),
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
    schema,
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
      doorPlugin(schema, limits),
      // it wraps every field and doubles the cost of a list
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await apollo.start();
  const scopes: ScopeDeps = { clock, log, transport: 'http', onOperation: options.onOperation };

  return {
    async handle(exchange, viewer) {
      const { request, response, url, requestId } = exchange;
      const scope = openScope(scopes, requestId);
      const aborter = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) aborter.abort();
      });
      const body = await jsonBody(exchange, limits);
      const headers = new HeaderMap();
      for (const [name, value] of Object.entries(request.headers))
        if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
      // No page of another site can send a key by itself, so a key needs no proof against forgery; a session does.
      if (request.headers.authorization !== undefined) headers.set('apollo-require-preflight', '1');
      const context: RequestContext = {
        viewer,
        requestId,
        signal: aborter.signal,
        clock,
        counts: scope.counts,
        loaderKey: {},
      };
      const answer = await scope.run(() =>
        apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: {
            method: request.method ?? 'GET',
            headers,
            search: url.search,
            body,
          },
          context: () => Promise.resolve(context),
        }),
      );
      if (answer.body.kind !== 'complete')
        throw new AppError('INTERNAL', 'incremental delivery is not served');
      reply(
        exchange,
        answer.status ?? 200,
        { 'cache-control': 'no-store', ...Object.fromEntries(answer.headers) },
        withCounts(answer.body.string, scope),
      );
    },
    stop: () => apollo.stop(),
  };
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

/** The parsed body of a JSON POST, undefined for anything else (Apollo says what is missing). */
async function jsonBody({ request }: Exchange, limits: DoorLimits): Promise<unknown> {
  if (request.method !== 'POST') return undefined;
  const bytes = await readBody(request, limits.maxBodyBytes);
  const type = /^application\/json\s*(?:;\s*charset="?([\w-]+)"?\s*)?$/i.exec(
    request.headers['content-type'] ?? '',
  );
  if (!type || (type[1] !== undefined && !/^utf-?8$/i.test(type[1]))) return undefined;
  const text = bytes.toString('utf8');
  if (nestsDeeper(text, limits.maxJsonDepth))
    throw new AppError('INVALID', `the JSON body must nest at most ${limits.maxJsonDepth} deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('INVALID', `the body is not JSON: ${String(cause)}`, { cause });
  }
}
