import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addSegmentCommand } from '../../src/cli/commands/segment.js';
import type { CliContext } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/output.js';

const candidate = (
  algorithm: string,
  k: number,
  silhouette: number,
  refused: string | null = null,
) => ({
  ...{ algorithm, k, silhouette, calinskiHarabasz: 1562.662, daviesBouldin: 1.27611, noise: 0 },
  ...{ seconds: 0.251, chosen: algorithm === 'kmeans' && k === 4, refused },
});
const labels = (spend: string, recency: string) => [
  { dimension: 'spend', label: spend },
  { dimension: 'recency', label: recency },
  { dimension: 'gender', label: 'BALANCED' },
  { dimension: 'city', label: 'MIXED' },
  { dimension: 'value', label: 'HIGH' },
  { dimension: 'activity', label: 'LOW' },
  { dimension: 'quadrant', label: 'KEEP' },
];
const segmentation = {
  ...{ __typename: 'Segmentation', key: 'persona', version: 2, live: true, algorithm: 'kmeans' },
  ...{ k: 4, rows: 5000, chosenBecause: `${'because '.repeat(30)}so`, diversity: 0.50912345 },
  stability: { mean: 0.82761234, standardDeviation: 0.2 },
  external: { ari: -0.0001, nmi: 0.25, homogeneity: 1, completeness: 0.125 },
  changes: [{ kind: 'KEPT', text: 'segment-1 is kept' }],
  treatments: ['25 values were cut'],
  candidates: [
    ...[3, 4, 5, 6, 7].map((k) => candidate('kmeans', k, 0.1 * (k === 4 ? 1 : k))),
    candidate('dbscan', 7, 0.9, 'too small a group'),
  ],
  segments: [
    {
      ...{ key: 'segment-2', name: '爱逛', size: 1000, share: 0.2 },
      persona: { labels: labels('MEDIUM', 'MEDIUM'), quadrant: 'WATCH' },
    },
    {
      ...{ key: 'segment-1', name: 'Large', size: 4000, share: 0.8 },
      persona: { labels: labels('HIGH', 'SILENT'), quadrant: 'KEEP' },
    },
  ],
};

let server: http.Server;
let asked: { query: string; variables: { input?: object } }[] = [];
let userErrors: object[] = [];
let ended: object = {};

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const operation = JSON.parse(body) as (typeof asked)[number];
      asked.push(operation);
      const done = { id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null };
      const data = operation.query.includes('mutation')
        ? { runSegmentation: { job: userErrors.length > 0 ? null : { id: 'Job:1' }, userErrors } }
        : { job: { ...done, result: segmentation, ...ended } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  userErrors = [];
  ended = {};
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function run(argv: string[], json = false): Promise<string> {
  asked = [];
  const lines: string[] = [];
  const output: Output = { json, line: (text) => lines.push(text), note: () => undefined };
  const { port } = server.address() as AddressInfo;
  const remote = { url: `http://127.0.0.1:${port}`, key: 'key' };
  const context: Pick<CliContext, 'output' | 'remote'> = {
    output,
    remote: () => Promise.resolve(remote),
  };
  const program = new Command('augury').exitOverride();
  addSegmentCommand(program, context as CliContext);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['segment', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('segment', () => {
  it('leaves out of the request what was not given', async () => {
    await run([]);
    expect(asked[0]?.variables.input).toEqual({ key: 'persona', makeLive: true });
    await run(['--features', ' a, b ', '--k', '4', '--no-live', '--labels', 'plan']);
    expect(asked[0]?.variables.input).toEqual({
      ...{ key: 'persona', makeLive: false, features: ['a', 'b'], k: 4, labels: 'plan' },
    });
    await run(['--algorithms', 'dbscan', '--eps', '0.75', '--min-points', '8']);
    expect(asked[0]?.variables.input).toEqual({
      ...{ key: 'persona', makeLive: true, algorithms: ['dbscan'] },
      ...{ dbscanEps: 0.75, dbscanMinPoints: 8 },
    });
  });

  it('prints the segments, the largest first, with what sets them apart from others', async () => {
    const printed = await run([]);
    expect(printed).toContain('4 groups of 5,000 customers');
    expect(printed).toContain(
      [
        'segment    name   customers  share  quadrant  unlike others in',
        'segment-1  Large      4,000  80.0%  KEEP      spend HIGH, recency SILENT',
        'segment-2  爱逛       1,000  20.0%  WATCH     nothing',
      ].join('\n'),
    );
    expect(printed).toContain('stability 0.828 ± 0.200');
    expect(printed).toContain('ARI 0.000, NMI 0.250, homogeneity 1.000, completeness 0.125');
  });

  it('shows the chosen one and the best of each algorithm, and all when asked', async () => {
    const printed = await run([]);
    expect(printed).toContain(
      [
        'tried   k  silhouette     CH     DB  noise  seconds',
        'kmeans  4       0.100  1,563  1.276      0     0.25  chosen',
        'kmeans  6       0.600  1,563  1.276      0     0.25',
        'kmeans  7       0.700  1,563  1.276      0     0.25',
        'dbscan  7       0.900  1,563  1.276      0     0.25  not to be chosen: too small a group',
        'and 2 more: --all shows them',
      ].join('\n'),
    );
    const all = await run(['--all']);
    expect(all.match(/^kmeans/gm)).toHaveLength(5);
    expect(all).not.toContain('more: --all');
  });

  it('fits a terminal', async () => {
    for (const line of (await run([])).split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });

  it('prints one line of JSON with every candidate', async () => {
    const parsed = JSON.parse(await run([], true)) as typeof segmentation;
    expect(parsed.candidates).toHaveLength(6);
  });

  it('prints the report in the language asked for, and nothing else', async () => {
    ended = { result: { ...segmentation, report: '# 分群' } };
    expect(await run(['--report', 'ZH'])).toBe('# 分群');
    expect(asked[1]?.query).toContain('report(locale: "zh")');
    await run([]);
    expect(asked[1]?.query).not.toContain('report(');
  });

  it('fails with what the graph refused, or why the job failed', async () => {
    ended = { status: 'FAILED', error: '2 groups need at least as many customers', result: null };
    await expect(run([])).rejects.toThrow('2 groups need at least as many customers');
    userErrors = [{ code: 'INVALID', message: 'give k or maxK, not both', path: ['input', 'k'] }];
    await expect(run(['--k', '3', '--max-k', '4'])).rejects.toThrow('give k or maxK, not both');
    expect(asked).toHaveLength(1);
  });

  it.each([
    [['--features', ''], 'names with commas between'],
    [['--features', 'a,,b'], 'names with commas between'],
    [['--k', '1'], 'whole number 2..50'],
    [['--algorithms', 'kmean'], 'one of kmeans, mixture'],
    [['--eps', '0'], 'a number above 0'],
    [['--eps', 'Infinity'], 'a number above 0'],
    [['--min-points', '1'], 'whole number 2..1000'],
    [['--report', 'de'], 'one of en, zh'],
  ])('refuses %j', async (argv, message) => {
    await expect(run(argv)).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });
});
