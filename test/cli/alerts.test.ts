import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addAlertsCommands } from '../../src/cli/commands/alerts.js';
import type { CliContext } from '../../src/cli/context.js';

const UUID = '0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa';
const alert = {
  ...{ id: `Alert:${UUID}`, status: 'FIRING', severity: 'HIGH', value: 0.25 },
  summary: 'High error rate: error_rate of model churn is 0.25, above 0.05 for 300 s',
  ...{ startedAt: '2026-06-01T10:00:00.000Z', acknowledgedBy: null, resolvedAt: null },
};
let nodes: (typeof alert)[] = [alert];
let userErrors: object[] = [];
let server: http.Server;
const asked: { query: string; variables: Record<string, unknown> }[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const question = JSON.parse(body) as (typeof asked)[number];
      asked.push(question);
      const acknowledged = { ...alert, status: 'ACKNOWLEDGED', acknowledgedBy: 'me' };
      const data = question.query.includes('acknowledgeAlert')
        ? { acknowledgeAlert: { alert: userErrors.length > 0 ? null : acknowledged, userErrors } }
        : { alerts: { nodes } };
      response.end(JSON.stringify({ data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

async function run(json: boolean, ...argv: string[]): Promise<string> {
  const lines: string[] = [];
  asked.length = 0;
  const program = new Command().exitOverride().enablePositionalOptions();
  program.configureOutput({ writeErr: () => undefined });
  addAlertsCommands(program, {
    output: { json, line: (text: string) => lines.push(text), note: () => undefined },
    remote: () =>
      Promise.resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        key: 'k',
      }),
  } as unknown as CliContext);
  await program.parseAsync(['alerts', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('augury alerts', () => {
  it('lists what is open', async () => {
    expect(await run(false, 'list')).toMatch(
      /Alert:0197\S+\s+FIRING\s+HIGH\s+0\.25\s.*High error rate/,
    );
    expect(asked[0]?.variables).toEqual({
      ...{ status: ['PENDING', 'FIRING', 'ACKNOWLEDGED', 'SILENCED'], minSeverity: null },
      ...{ since: null, first: 50 },
    });
    expect(JSON.parse(await run(true, 'list'))).toEqual(alert);
    nodes = [];
    expect(await run(false)).toBe('no alerts');
    expect(await run(true)).toBe('');
    nodes = [alert];
  });

  it('lists by status, severity and start', async () => {
    await run(
      false,
      'list',
      '--status',
      'resolved,firing',
      '--min-severity',
      'high',
      '--since',
      '2026-06-01',
    );
    expect(asked[0]?.variables).toEqual({
      ...{ status: ['RESOLVED', 'FIRING'], minSeverity: 'HIGH', first: 50 },
      since: '2026-06-01T00:00:00.000Z',
    });
    await expect(run(false, 'list', '--status', 'wrong')).rejects.toThrow('must be one of');
    await expect(run(false, 'list', '--min-severity', 'wrong')).rejects.toThrow('must be one of');
  });

  it('acknowledges by either form of the id, with a comment', async () => {
    expect(await run(false, 'ack', UUID, '--comment', 'mine')).toContain('acknowledged by me');
    expect(asked[0]?.variables).toEqual({ id: alert.id, comment: 'mine' });
    expect(JSON.parse(await run(true, 'ack', alert.id))).toMatchObject({ status: 'ACKNOWLEDGED' });
    userErrors = [{ code: 'CONFLICT', message: 'the alert is over since then', path: ['id'] }];
    await expect(run(false, 'ack', alert.id)).rejects.toThrow('the alert is over');
  });
});
