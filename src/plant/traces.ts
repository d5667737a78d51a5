import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { reasonOf } from './connection.js';
import type { Log } from './ports.js';

/** What a span says of itself: figures and names of ours, never values of customers. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** Where a trace comes from: W3C's `traceparent`, with `tracestate` where there is one. */
export interface TraceParent {
  traceparent: string;
  tracestate?: string | undefined;
}

/** A span that was begun and is ended by hand. */
export interface OpenSpan {
  /** Runs `work` inside of it: what begins there is its child. */
  run<T>(work: () => T): T;
  end(ending?: { facts?: SpanFacts; failed?: boolean }): void;
}

/** Traces of one process. Where traces are off there is none of these, and nothing of it is loaded. */
export interface Traces {
  /** A span around `work`, ended when it returns or its promise settles. */
  span<T>(name: string, facts: SpanFacts, work: () => T): T;
  /** A child of the present span, or of `parent`; without either, or with a broken parent, the beginning of a trace. */
  open(name: string, facts: SpanFacts, parent?: TraceParent | null): OpenSpan;
  /** A child of the present span; null outside of one: what recurs in the background is nobody's. */
  child(name: string, facts: SpanFacts): OpenSpan | null;
  /** The present span as `traceparent`; null outside of one. */
  current(): string | null;
  /** Sends what is left, for three seconds at most. */
  close(): Promise<void>;
}

const EXPORT_WITHIN_MS = 3_000;
const TELL_EVERY_MS = 60_000;

/**
 * Sends spans to an OpenTelemetry collector (OTLP over HTTP, JSON) in batches, in the background. A collector that is away
 * costs spans and a line of the log a minute, nothing else. Sampled as the caller's trace is; without one, always.
 */
export async function openTraces(options: {
  url: string;
  service: { name: string; version: string };
  log: Pick<Log, 'warn'>;
  /** Spans are sent this often. */
  everyMs?: number;
}): Promise<Traces> {
  const [api, sdk, { AsyncLocalStorageContextManager }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({ url: options.url, timeoutMillis: EXPORT_WITHIN_MS });
  const processor = new sdk.BatchSpanProcessor(tellingExporter(exporter, options.log), {
    exportTimeoutMillis: EXPORT_WITHIN_MS,
    ...(options.everyMs === undefined ? {} : { scheduledDelayMillis: options.everyMs }),
  });
  const provider = new sdk.BasicTracerProvider({
    spanProcessors: [processor],
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    resource: resourceOf(options.service),
  });
  // not the global one: two systems in a process, as in tests, must not write into each other's traces
  const contexts = new AsyncLocalStorageContextManager().enable();
  const tracer = provider.getTracer('augury', options.service.version);
  let closing: Promise<void> | null = null;
  return {
    ...spansOn(api, tracer, contexts),
    close: () =>
      (closing ??= within(EXPORT_WITHIN_MS, provider.shutdown()).finally(() => {
        contexts.disable();
      })),
  };
}

type Api = typeof import('@opentelemetry/api');

function spansOn(
  api: Api,
  tracer: Tracer,
  contexts: { active(): Context; with<T>(context: Context, work: () => T): T },
): Omit<Traces, 'close'> {
  const open: Traces['open'] = (name, attributes, parent) => {
    const from = parent ? (contextOf(api, parent) ?? api.ROOT_CONTEXT) : contexts.active();
    const span = tracer.startSpan(name, { attributes }, from);
    const inside = api.trace.setSpan(from, span);
    return {
      run: (work) => contexts.with(inside, work),
      end: ({ facts, failed = false } = {}) => {
        if (facts) span.setAttributes(facts);
        if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
        span.end();
      },
    };
  };
  return {
    open,
    child: (name, facts) => (api.trace.getSpan(contexts.active()) ? open(name, facts) : null),
    span(name, facts, work) {
      const span = open(name, facts);
      return endedWith(span, () => span.run(work));
    },
    current: () => {
      const span: Span | undefined = api.trace.getSpan(contexts.active());
      if (!span) return null;
      const { traceId, spanId, traceFlags } = span.spanContext();
      return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    },
  };
}

/** What fails keeps its error: a trace says that it failed, the log says why. */
function endedWith<T>(span: OpenSpan, work: () => T): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    span.end({ failed: true });
    throw error;
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  result.then(
    () => {
      span.end();
    },
    () => {
      span.end({ failed: true });
    },
  );
  return result;
}

/** Version 00, and later ones by its rules: W3C Trace Context, https://www.w3.org/TR/trace-context/. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;

function contextOf(api: Api, { traceparent, tracestate }: TraceParent): Context | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const spanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: api.createTraceState(tracestate) }),
  };
  if (!api.isSpanContextValid(spanContext)) return null;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, spanContext);
}

/** The exporter, telling of failures now and then; it never throws. */
function tellingExporter(exporter: SpanExporter, log: Pick<Log, 'warn'>): SpanExporter {
  let toldMs = -Infinity;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const nowMs = performance.now();
        if (result.error && nowMs - toldMs > TELL_EVERY_MS) {
          toldMs = nowMs;
          log.warn(
            { reason: reasonOf(result.error), spans: spans.length },
            'the collector of traces took no spans',
          );
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

type Resource = NonNullable<
  NonNullable<
    ConstructorParameters<typeof import('@opentelemetry/sdk-trace-base').BasicTracerProvider>[0]
  >['resource']
>;

/** Says whose spans these are; written out here, as its maker is in a library that we do not name. */
function resourceOf({ name, version }: { name: string; version: string }): Resource {
  const attributes = { 'service.name': name, 'service.version': version };
  const resource: Resource = {
    attributes,
    merge: (other) =>
      other ? { ...resource, attributes: { ...other.attributes, ...attributes } } : resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
