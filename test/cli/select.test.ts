import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addSelectCommand } from '../../src/cli/commands/select.js';
import type { CliContext } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/output.js';

const selection = {
  ...{ __typename: 'FeatureSelection', id: 'FeatureSelection:1', asOf: '2026-01-01T00:00:00.000Z' },
  ...{ rows: 1234, positiveShare: 0.25 },
  methods: [
    {
      ...{ method: 'ANOVA_F', seconds: 0.1 },
      ranking: [
        { name: 'spend', score: 40, rank: 1, selected: true },
        { name: 'visits', score: 1, rank: 2, selected: false },
      ],
    },
    {
      ...{ method: 'CHI_SQUARE', seconds: 0.1 },
      ranking: [{ name: 'plan', score: 9, rank: 1, selected: true }],
    },
  ],
  overall: [
    { name: 'plan', votes: 1, rankedBy: 1, meanRank: 1, selected: true },
    { name: 'spend', votes: 1, rankedBy: 1, meanRank: 1, selected: true },
    { name: 'visits', votes: 0, rankedBy: 1, meanRank: 2, selected: false },
  ],
  rfecvCurve: [
    { features: 1, meanScore: 0.5, sd: 0.1 },
    { features: 2, meanScore: 0.7, sd: 0.05 },
    { features: 3, meanScore: 0.7, sd: 0.01 },
  ],
  redundant: [{ a: 'spend@1', b: 'visits@1', r: 0.97 }],
  leftOut: [{ feature: 'age@1', reason: 'ALL_MISSING' }],
};

let server: http.Server;
let asked: { query: string; variables: { input?: object } }[] = [];
let userErrors: object[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const operation = JSON.parse(body) as (typeof asked)[number];
      asked.push(operation);
      const job = userErrors.length > 0 ? null : { id: 'Job:1' };
      const done = { id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null };
      const data = operation.query.includes('mutation')
        ? { selectFeatures: { job, userErrors } }
        : { job: { ...done, result: selection } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  asked = [];
  userErrors = [];
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function run(argv: string[], json = false): Promise<string[]> {
  const lines: string[] = [];
  const output: Output = { json, line: (text) => lines.push(text), note: () => undefined };
  const { port } = server.address() as AddressInfo;
  const remote = { url: `http://127.0.0.1:${port}`, key: 'key' };
  const context: Pick<CliContext, 'output' | 'remote'> = {
    output,
    remote: () => Promise.resolve(remote),
  };
  const features = new Command('features').exitOverride();
  addSelectCommand(features, context as CliContext);
  for (const command of features.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await features.parseAsync(['select', ...argv], { from: 'user' });
  return lines;
}

describe('features select', () => {
  it('asks with what was given, and nothing else', async () => {
    await run(['churn', '--methods', 'anova_f,RFECV', '--as-of', '2026-01-01', '--seed', '7']);
    expect(asked[0]?.variables.input).toEqual({
      ...{ model: 'churn', asOf: '2026-01-01T00:00:00.000Z' },
      ...{ methods: ['ANOVA_F', 'RFECV'], seed: 7 },
    });
    await run(['churn', '--candidates', 'spend, visits@2']);
    expect(asked[2]?.variables.input).toEqual({
      model: 'churn',
      candidates: ['spend', 'visits@2'],
    });
  });

  it('prints ranks by method, the best count, redundant pairs and what was left out', async () => {
    const text = (await run(['churn'])).join('\n');
    expect(text).toContain('1,234 customers as of 2026-01-01T00:00:00.000Z, 25 % positive');
    expect(text).toMatch(/spend \* +1\/1 +1 +1 \* +–/);
    expect(text).toMatch(/visits +0\/1 +2 +2 +–/);
    expect(text).toContain('RFECV: 2 features reach F1 0.7 ± 0.05');
    expect(text).toContain('redundant: spend@1 and visits@1, r 0.97');
    expect(text).toContain('left out: age@1, all missing');
  });

  it('prints the selection as one line of JSON with --json', async () => {
    const lines = await run(['churn'], true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([selection]);
  });

  it('fails with what the graph refused', async () => {
    userErrors = [{ code: 'NOT_FOUND', message: 'no model is named nope', path: ['input'] }];
    await expect(run(['nope'])).rejects.toThrow('no model is named nope');
  });

  it.each([[['churn', '--methods', 'voodoo']], [['churn', '--seed', '-1']], [[]]])(
    'refuses %j before it asks anybody',
    async (argv) => {
      await expect(run(argv)).rejects.toThrow(CommanderError);
      expect(asked).toEqual([]);
    },
  );
});
