import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addExperimentCommands } from '../../src/cli/commands/experiments.js';
import type { CliContext } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/output.js';

const listed = {
  ...{ key: 'winback', status: 'RUNNING', hypothesis: 'h', primaryMetric: 'share:purchase' },
  ...{ trafficShare: 1, startsAt: '2026-03-01T00:00:00Z', endsAt: '2026-04-01T00:00:00Z' },
  model: null,
  variants: [
    { key: 'control', control: true, users: 1000 },
    { key: 'offer', control: false, users: 1020 },
  ],
};
const result = (key: string, users: number, mean: number | null) => ({
  ...{ variant: { key, control: key === 'control' }, users, exposures: users + 5, outcomes: 7 },
  ...{ mean, low: mean === null ? null : mean - 0.01, high: mean === null ? null : mean + 0.01 },
});
const results = {
  ...listed,
  results: {
    ...{ asOf: '2026-03-15T00:00:00Z', decision: 'SHIP', winner: { key: 'offer' } },
    reason: 'offer has more of share:purchase than control',
    sampleRatio: { pValue: 0.6561, mismatch: false },
    variants: [result('control', 1000, 0.1), result('offer', 1020, null)],
    ...{ waitingFor: [] as string[], disagreement: null as object | null },
    comparisons: [
      {
        ...{ metric: 'share:purchase', control: { key: 'control' }, treatment: { key: 'offer' } },
        ...{ difference: 0.03, relativeLift: 0.3, low: 0.01, high: 0.05, pValue: 0.00001 },
        ...{
          sequentialPValue: 0.0123,
          adjustedPValue: 0.0246,
          significant: true,
          method: 'two-proportion z',
        },
      },
    ],
  },
};

let server: http.Server;
let asked: { query: string; variables: Record<string, unknown> }[] = [];
let answer: object = {};

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(body) as (typeof asked)[number]);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function run(argv: string[], data: object, json = false): Promise<string> {
  [asked, answer] = [[], data];
  const lines: string[] = [];
  const output: Output = { json, line: (text) => lines.push(text), note: () => undefined };
  const { port } = server.address() as AddressInfo;
  const remote = { url: `http://127.0.0.1:${port}`, key: 'key' };
  const program = new Command('augury').exitOverride();
  const context: Pick<CliContext, 'output' | 'remote'> = {
    ...{ output, remote: () => Promise.resolve(remote) },
  };
  addExperimentCommands(program, context as CliContext);
  for (const command of program.commands.flatMap((each) => each.commands))
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['experiments', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('experiments list', () => {
  it('prints a line an experiment', async () => {
    expect(await run(['list'], { experiments: [listed] })).toBe(
      [
        'experiment  status   arms             customers  metric          from        until       model',
        'winback     RUNNING  control*, offer      2,020  share:purchase  2026-03-01  2026-04-01  –',
        '* the control',
      ].join('\n'),
    );
    expect(asked[0]?.variables).toEqual({ status: null });
    await run(['list', '--status', 'running,draft'], { experiments: [] });
    expect(asked[0]?.variables).toEqual({ status: ['RUNNING', 'DRAFT'] });
  });

  it('says how to have one where there is none, and refuses a status that is none', async () => {
    expect(await run(['list'], { experiments: [] })).toContain('createExperiment');
    await expect(run(['list', '--status', 'LIVE'], {})).rejects.toThrow('one of');
  });

  it('prints JSON lines', async () => {
    expect(JSON.parse(await run(['list'], { experiments: [listed] }, true))).toEqual(listed);
  });
});

describe('experiments results', () => {
  it('prints arms, differences with intervals, sample ratio, decision and reason', async () => {
    expect(await run(['results', 'winback'], { experiment: results })).toBe(
      [
        'winback (RUNNING), 2026-03-01 to 2026-04-01, as of 2026-03-15T00:00:00Z',
        'h',
        '',
        'arm                customers  exposures  outcomes  share:purchase  95% from  to',
        'control (control)      1,000      1,005         7  0.1000          0.0900    0.1100',
        'offer                  1,020      1,025         7  –               –         –',
        '',
        'metric          arm    difference  95% from      to   lift  p        p at any time  adjusted               method',
        'share:purchase  offer      0.0300    0.0100  0.0500  30.0%  <0.0001         0.0123    0.0246  significant  two-proportion z',
        '',
        'sample ratio: p 0.6561, the arms are as large as their weights say',
        'decision: SHIP, offer',
        'offer has more of share:purchase than control',
      ].join('\n'),
    );
    expect(asked[0]?.variables).toEqual({ key: 'winback' });
  });

  it('names what is waited for, and how far the arms say different things', async () => {
    const waiting = 'share:purchase: offer has 7 of 100 customers';
    const disagreement = { users: 2_000, share: 0.125, meanAbsoluteDifference: 0.0312 };
    const given = { ...results.results, waitingFor: [waiting], disagreement, comparisons: [] };
    const printed = await run(['results', 'winback'], {
      experiment: { ...results, results: given },
    });
    expect(printed).toContain(
      [
        `waiting: ${waiting}`,
        'disagreement: 2,000 customers were scored by both, 12.5% got other verdicts, probabilities 0.0312 apart',
        'sample ratio: p 0.6561',
      ].join('\n'),
    );
    expect(asked[0]?.query).toContain('waitingFor');
  });

  it('prints JSON, and fails for an experiment that is not there', async () => {
    expect(JSON.parse(await run(['results', 'winback'], { experiment: results }, true))).toEqual(
      results,
    );
    await expect(run(['results', 'none'], { experiment: null })).rejects.toThrow(
      'there is no experiment none',
    );
  });
});
