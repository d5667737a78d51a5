import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addReplayCommand } from '../../src/cli/commands/replay.js';
import type { CliContext } from '../../src/cli/context.js';

const report = {
  predictions: 10_000,
  mismatches: 0,
  tolerance: 0.000001,
  largestDifference: 2e-8,
  artifacts: [{ sha256: 'abc', predictions: 10_000 }],
  examples: [] as object[],
};
let server: http.Server;
let asked: Record<string, unknown> = {};

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked = (JSON.parse(body) as { variables: Record<string, unknown> }).variables;
      response.end(JSON.stringify({ data: { replayLedger: report } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

async function run(json: boolean, lines: string[], ...argv: string[]): Promise<void> {
  const program = new Command().exitOverride();
  const { port } = server.address() as AddressInfo;
  addReplayCommand(program, {
    output: { json, line: (text: string) => lines.push(text), note: () => undefined },
    remote: () => Promise.resolve({ url: `http://127.0.0.1:${port}`, key: 'k' }),
  } as unknown as CliContext);
  await program.parseAsync(['replay', ...argv], { from: 'user' });
}

describe('augury models replay', () => {
  it('asks for the newest 10,000 and says how many were off', async () => {
    const lines: string[] = [];
    await run(false, lines, 'churn');
    expect(asked).toEqual({ model: 'churn', since: null, until: null, first: 10_000 });
    expect(lines).toEqual([
      '10,000 scores asked again, 0 off by more than 0.000001; largest difference 2e-8',
      'artifact abc: 10,000 scores',
    ]);
  });
  it('takes a number and a window, and prints one line of JSON', async () => {
    const lines: string[] = [];
    await run(true, lines, 'churn', '--last', '7', '--since', '2026-01-01');
    expect(asked).toMatchObject({ since: '2026-01-01T00:00:00.000Z', first: 7 });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([report]);
  });
  it('fails when a score is off, naming it, and for a number out of bounds', async () => {
    report.mismatches = 1;
    report.examples = [
      { prediction: 'Prediction:7', stored: 0.9, replay: { probability: 0.25, because: null } },
    ];
    const lines: string[] = [];
    await expect(run(false, lines, 'churn')).rejects.toThrow(
      '1 of 10000 scores did not come out as they are in the ledger',
    );
    expect(lines.join('\n')).toMatch(/Prediction:7\s+0\.9\s+0\.25/);
    await expect(run(false, [], 'churn', '--last', '10001')).rejects.toThrow('1..10000');
  });
});
