import type { BenchGraph } from './bench-graph.js';

/** The server hears of the version over the bus. */
export async function seesLive(graph: BenchGraph, key = 'persona'): Promise<void> {
  const ask = `{ users(first: 1) { nodes { segment(segmentation: "${key}") { probability } } } }`;
  for (let i = 0; i < 200; i += 1) {
    const { data } = await asked<{ users: { nodes: { segment: unknown }[] } }>(graph, ask);
    if (data.users.nodes[0]?.segment) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${key} did not become live in the server`);
}

interface Asked<T> {
  data: T;
  extensions: { counts: Record<'sql' | 'onnxRuns' | 'onnxRows' | 'cacheHits', number> };
}

/** One question over HTTP, with what it cost. */
export async function asked<T>(
  { url, key }: BenchGraph,
  query: string,
  variables: object = {},
): Promise<Asked<T>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as Asked<T> & { errors?: unknown };
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer;
}
