import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came over the wire. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  attributes: Record<string, unknown>;
  failed: boolean;
}

interface WireAttribute {
  key: string;
  value: Record<string, unknown>;
}
interface WireExport {
  resourceSpans: {
    resource: { attributes: WireAttribute[] };
    scopeSpans: {
      spans: {
        name: string;
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        attributes: WireAttribute[];
        status: { code: number };
      }[];
    }[];
  }[];
}

const valueOf = (attribute: WireAttribute | undefined): unknown =>
  Object.values(attribute?.value ?? {})[0];

/** A receiver of OTLP over HTTP, JSON, that keeps what it got. */
export async function openCollector(): Promise<{
  url: string;
  spans: ReceivedSpan[];
  close(): void;
}> {
  const spans: ReceivedSpan[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      for (const { resource, scopeSpans } of (JSON.parse(body) as WireExport).resourceSpans)
        for (const span of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({
            service: String(valueOf(resource.attributes.find(({ key }) => key === 'service.name'))),
            name: span.name,
            traceId: span.traceId,
            spanId: span.spanId,
            parentSpanId: span.parentSpanId,
            attributes: Object.fromEntries(
              span.attributes.map((each) => [each.key, valueOf(each)]),
            ),
            failed: span.status.code === 2,
          });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
