import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addQualityCommands } from '../../src/cli/commands/quality.js';
import type { CliContext } from '../../src/cli/context.js';

let server: http.Server;
let folder: string;
const asked: { query: string; variables: Record<string, unknown> }[] = [];
const rule = {
  id: 'QualityRule:1',
  name: 'r',
  table: 'EVENT',
  text: 'value gte 0',
  severity: 'FAILED',
  enabled: true,
};
const report = {
  asOf: 'x',
  scannedAt: 'today',
  seconds: 1.5,
  rows: 1000,
  duplicates: 2,
  timelinessSeconds: null,
  status: 'WARNING',
  columns: [
    {
      name: 'event.value',
      dataType: 'number',
      missing: 100,
      missingShare: 0.1,
      distinct: 7,
      outliers: 3,
      status: 'WARNING',
    },
  ],
  checks: [
    {
      name: 'r',
      rule: 'value gte 0',
      violations: 1,
      sampleIds: ['Event:shop:1'],
      status: 'WARNING',
    },
  ],
};
const ANSWERS: Record<string, unknown> = {
  dataQuality: report,
  qualityRules: [rule],
  createQualityRule: {
    rule: null,
    userErrors: [{ code: 'INVALID', message: 'no such column', path: ['input', 'rule', 'check'] }],
  },
  deleteQualityRule: { rule, userErrors: [] },
  scanDataQuality: { job: { id: 'Job:1' }, userErrors: [] },
  job: { id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null, result: null },
};

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-quality-'));
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const question = JSON.parse(body) as (typeof asked)[number];
      asked.push(question);
      const field = /\{\s*(\w+)/.exec(question.query)?.[1] ?? '';
      response.end(JSON.stringify({ data: { [field]: ANSWERS[field] } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true });
});

async function run(json: boolean, ...argv: string[]): Promise<string> {
  const lines: string[] = [];
  asked.length = 0;
  const program = new Command().exitOverride().enablePositionalOptions();
  addQualityCommands(program, {
    output: { json, line: (text: string) => lines.push(text), note: () => undefined },
    remote: () =>
      Promise.resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        key: 'k',
      }),
  } as unknown as CliContext);
  await program.parseAsync(['quality', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('augury quality', () => {
  it('shows the report of a table without naming the subcommand', async () => {
    const text = await run(false, '--table', 'event');
    expect(asked[0]?.variables).toEqual({ table: 'EVENT' });
    expect(text).toContain('WARNING: 1,000 rows, 2 duplicates');
    expect(text).toMatch(/event\.value\s+number\s+100\s+10\.0%\s+7\s+3\s+WARNING/);
    expect(text).toContain('Event:shop:1');
  });
  it('scans first when asked, and prints one line of JSON', async () => {
    expect(JSON.parse(await run(true, '--scan'))).toEqual(report);
    expect(asked.map(({ query }) => /\{\s*(\w+)/.exec(query)?.[1])).toEqual([
      'scanDataQuality',
      'job',
      'dataQuality',
    ]);
  });
  it('lists and removes rules by name', async () => {
    expect(await run(false, 'rules', 'list')).toMatch(/r\s+event\s+FAILED\s+yes\s+value gte 0/);
    expect(await run(false, 'rules', 'remove', 'r')).toBe('r is removed');
    expect(asked.at(-1)?.variables).toEqual({ id: 'QualityRule:1' });
    await expect(run(false, 'rules', 'remove', 'x')).rejects.toThrow('no rule named x');
  });
  it('says why a rule is refused, and where', async () => {
    const file = path.join(folder, 'rule.json');
    fs.writeFileSync(file, '{"name":"r"}');
    await expect(run(false, 'rules', 'add', '--file', file)).rejects.toThrow(
      'input.rule.check: no such column',
    );
    expect(asked[0]?.variables).toEqual({ input: { name: 'r' } });
    fs.writeFileSync(file, '{');
    await expect(run(false, 'rules', 'add', '--file', file)).rejects.toThrow('is no JSON');
    await expect(run(false, '--table', 'nothing')).rejects.toThrow('nothing');
  });
});
