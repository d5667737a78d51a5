import { fork } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

/** Requests to send to one server: so many at once, or so many a second. */
export interface Load {
  url: string;
  key: string;
  query: string;
  /** One set of variables a request, over and over. */
  variables: readonly object[];
  requests: number;
  /** Requests that are open at the same time; with `perSecond` it bounds nothing. */
  atOnce: number;
  /** Sends at a steady rate instead, whether answers come or not. */
  perSecond: number | null;
}

/** What the requests came to; milliseconds. */
export interface LoadResult {
  wallMs: number;
  /** One for each request, ascending. */
  latencies: number[];
}

/** A process that asks, so that the CPU of this one is the server's alone. */
export interface LoadClient {
  run(load: Load): Promise<LoadResult>;
  close(): void;
}

/** Starts the process. */
export function openLoadClient(): LoadClient {
  const child = fork(fileURLToPath(import.meta.url), ['load-client-process'], { execArgv: [] });
  return {
    run: (load) =>
      new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error('the load client died'));
        child.once('exit', onExit);
        child.once('message', (answer: LoadResult | { failed: string }) => {
          child.off('exit', onExit);
          if ('failed' in answer) reject(new Error(answer.failed));
          else resolve(answer);
        });
        child.send(load);
      }),
    close: () => child.disconnect(),
  };
}

async function send(load: Load, agent: http.Agent): Promise<LoadResult> {
  const bodies = load.variables.map((variables) =>
    JSON.stringify({ query: load.query, variables }),
  );
  const latencies: number[] = [];
  const ask = (i: number): Promise<void> => post(load, bodies[i % bodies.length] ?? '', agent);
  const timed = async (i: number): Promise<void> => {
    const started = performance.now();
    await ask(i);
    latencies.push(performance.now() - started);
  };
  const begun = performance.now();
  if (load.perSecond === null) {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < load.requests) await timed(next++);
    };
    await Promise.all(Array.from({ length: load.atOnce }, lane));
  } else {
    const open: Promise<void>[] = [];
    for (let i = 0; i < load.requests; i += 1) {
      const wait = begun + (i * 1000) / load.perSecond - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      open.push(timed(i));
    }
    await Promise.all(open);
  }
  return { wallMs: performance.now() - begun, latencies: latencies.sort((a, b) => a - b) };
}

function post({ url, key }: Load, body: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${key}`,
    };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200 && !text.includes('"errors"')) resolve();
        else reject(new Error(text.slice(0, 400)));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

if (process.argv[2] === 'load-client-process') {
  const agent = new http.Agent({ keepAlive: true });
  process.on('message', (load: Load) => {
    send(load, agent).then(
      (result) => process.send?.(result),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
  });
  process.on('disconnect', () => agent.destroy());
}
