import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addReportCommand, calendarDay } from '../../src/cli/commands/report.js';
import type { CliContext } from '../../src/cli/context.js';
import { manualClock } from '../../src/kernel/clock.js';

const clock = manualClock(new Date('2026-11-21T00:30:00Z'));
const asked: { field: string; variables: Record<string, unknown> }[] = [];
const written = new Set<string>();
let server: http.Server;

const answers: Record<string, (variables: Record<string, unknown>) => unknown> = {
  dailyReport: ({ date }) =>
    written.has(String(date))
      ? { date, soFar: false, markdown: `# Daily report of ${String(date)}\n` }
      : null,
  writeDailyReport({ date }) {
    if (date === '1999-01-01')
      return {
        job: null,
        userErrors: [{ code: 'INVALID', message: 'date must be', path: ['date'] }],
      };
    written.add(String(date));
    return { job: { id: 'Job:1' }, userErrors: [] };
  },
  job: () => ({ id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null }),
};

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { query, variables } = JSON.parse(body) as {
        query: string;
        variables: Record<string, unknown>;
      };
      const field = /\{\s*(\w+)/.exec(query)?.[1] ?? '';
      asked.push({ field, variables });
      response.end(JSON.stringify({ data: { [field]: answers[field]?.(variables) } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  written.clear();
});

async function run(args: readonly string[], json = false): Promise<string[]> {
  const lines: string[] = [];
  const { port } = server.address() as AddressInfo;
  const context = {
    output: { json, line: (text: string) => lines.push(text), note: () => undefined },
    remote: () => Promise.resolve({ url: `http://127.0.0.1:${port}`, key: 'k' }),
  } as unknown as CliContext;
  const program = new Command().exitOverride();
  addReportCommand(program, context, clock);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['node', 'augury', 'report', ...args]);
  return lines;
}

describe('the command report', () => {
  it('prints yesterday\u2019s and has it written where it is missing', async () => {
    expect(await run([])).toEqual(['# Daily report of 2026-11-20']);
    expect(asked.map(({ field }) => field)).toEqual([
      ...['dailyReport', 'writeDailyReport', 'job', 'dailyReport'],
    ]);
    expect(asked[0]?.variables).toEqual({ date: '2026-11-20' });
  });
  it('prints one that is there without having it written again', async () => {
    written.add('2026-01-31');
    expect(await run(['--date', '2026-01-31'], true)).toEqual([
      JSON.stringify({
        date: '2026-01-31',
        soFar: false,
        markdown: '# Daily report of 2026-01-31\n',
      }),
    ]);
    expect(asked).toHaveLength(1);
  });
  it('ends with the reason where a day is refused', async () => {
    await expect(run(['--date', '1999-01-01'])).rejects.toThrow('date must be');
  });
  it('refuses what is no day of the calendar', async () => {
    for (const day of ['2026-02-30', '2026-1-1', 'tomorrow', '2026-01-01T00:00:00Z', ''])
      expect(() => calendarDay(day)).toThrow(/must be/);
    expect(calendarDay('2024-02-29')).toBe('2024-02-29');
    await expect(run(['--date', '2026-02-30'])).rejects.toThrow('must be');
  });
});
