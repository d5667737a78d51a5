import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addDriftCommand, windowOf } from '../../src/cli/commands/drift.js';
import type { CliContext } from '../../src/cli/context.js';
import type { Output } from '../../src/cli/output.js';

const feature = (name: string, psi: number, weight: number, level: string) => ({
  ...{ feature: name, psi, ks: name === 'plan' ? null : 0.25, weight, level },
  ...{ missingReference: 0, missingCurrent: name === 'spend' ? 0.125 : 0 },
  histogram: [
    { label: '< 1', reference: 0.5, current: 0.0625 },
    { label: '>= 1', reference: 0.5, current: 0.9375 },
  ],
});
const report = {
  ...{ __typename: 'DriftReport', id: 'DriftReport:1', modelVersion: { version: 3 } },
  ...{ referenceSource: 'FIRST_WINDOW', referenceFrom: 'A', referenceUntil: 'B' },
  ...{ currentFrom: 'C', currentUntil: 'D', referenceRows: 12_000, currentRows: 4_000 },
  features: [
    feature('plan', 0.3, 0.05, 'SEVERE'),
    feature('spend', 0.125, 0.9, 'MODERATE'),
    feature('idle', 3, 0, 'SEVERE'),
  ],
  prediction: { ...feature('score', 0.01, 1, 'NONE') },
  label: null,
  concept: {
    ...{ metric: 'estimated_accuracy', reference: 0.9, current: 0.85, detected: false },
    window: 4_000,
  },
  ...{ drifted: true, driftedShare: 2 / 3, consequence: 0.5, accuracyFall: null },
  ...{ action: 'RETRAINING', because: 'Inputs moved.', retraining: { id: 'Job:2' } },
};
const reference = { __typename: 'DriftReference', rows: 150, windowFrom: 'C', windowUntil: 'D' };

let server: http.Server;
let asked: { query: string; variables: Record<string, unknown> }[] = [];
let userErrors: object[] = [];
let errors: object[] = [];
let answered: object = report;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const operation = JSON.parse(body) as (typeof asked)[number];
      asked.push(operation);
      const payload = { job: userErrors.length > 0 ? null : { id: 'Job:1' }, userErrors };
      const done = { id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null };
      const result = operation.query.includes('DriftReference') ? reference : answered;
      const data = operation.query.includes('mutation')
        ? { detectDrift: payload, resetDriftReference: payload }
        : { job: { ...done, result } };
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(errors.length > 0 ? { data: null, errors } : { data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  userErrors = [];
  errors = [];
  answered = report;
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
  addDriftCommand(program, context as CliContext);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['drift', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('drift', () => {
  it('leaves out of the request what was not given', async () => {
    await run(['churn']);
    expect(asked[0]?.variables['input']).toEqual({ model: 'churn' });
    await run(['churn', '--reference', '2026-01-01..2026-02-01', '--current', '2026-02-01..']);
    expect(asked[0]?.variables['input']).toEqual({
      ...{ model: 'churn', currentFrom: '2026-02-01T00:00:00.000Z' },
      referenceFrom: '2026-01-01T00:00:00.000Z',
      referenceUntil: '2026-02-01T00:00:00.000Z',
    });
  });

  it('prints what carries most of the drift first, both windows as bars, and the verdict', async () => {
    expect(await run(['churn'])).toBe(
      [
        'version 3: 4,000 customers C to D, against 12,000 of first window, A to B',
        'feature    psi     ks  missing        weight  level     reference  current',
        'spend    0.125  0.250  0.0% to 12.5%   90.0%  MODERATE  ██         ▂█',
        'plan     0.300                          5.0%  SEVERE    ██         ▂█',
        'idle     3.000  0.250                   0.0%  SEVERE    ██         ▂█',
        'score    0.010  0.250                 100.0%  NONE      ██         ▂█',
        'estimated accuracy: 0.9 before, 0.85 now, of 4,000 scores',
        'DRIFTED: consequence 0.5, 67 % of the features moved severely; action RETRAINING',
        'Inputs moved.',
        'training: Job:2',
      ].join('\n'),
    );
  });

  it('lists of many inputs those that moved, and the ten that matter most', async () => {
    const quiet = Array.from({ length: 40 }, (_, i) => feature(`quiet${i}`, 0, 0.01, 'NONE'));
    answered = { ...report, features: [...quiet, ...report.features] };
    const printed = await run(['churn']);
    expect(printed.match(/^quiet/gm)).toHaveLength(7);
    expect(printed).toMatch(/^idle /m);
    expect(printed).toContain('33 more inputs did not move; --json has all');
    expect(JSON.parse(await run(['churn'], true))).toEqual(answered);
  });

  it('passes on whose fault it was that the graph refused', async () => {
    for (const [code, passed] of [
      ['INVALID', 'INVALID'],
      ['FORBIDDEN', 'INTERNAL'],
    ]) {
      errors = [{ message: 'a sentence', extensions: { code } }];
      await expect(run(['churn'])).rejects.toMatchObject({ code: passed, message: 'a sentence' });
    }
  });

  it('prints the report as JSON where asked to', async () => {
    expect(JSON.parse(await run(['churn'], true))).toEqual(report);
  });

  it('tells why the server refuses', async () => {
    userErrors = [{ code: 'NOT_FOUND', message: 'no model is named x', path: ['input', 'model'] }];
    await expect(run(['x'])).rejects.toThrow('no model is named x');
  });

  it('makes the last window the reference, and takes no window then', async () => {
    expect(await run(['churn', '--reset-reference'])).toBe(
      'the reference of churn is now 150 customers, C to D',
    );
    const both = run(['churn', '--reset-reference', '--current', '2026-02-01..']);
    await expect(both).rejects.toThrow(CommanderError);
  });
});

describe('a window', () => {
  it.each([
    '',
    '..',
    '2026-01-01',
    '2026-13-01..',
    '2026-01-01..2026-02-30',
    'a..b',
    '2026-01-01..2026-02-01..',
  ])('is not %j', (text) => {
    expect(() => windowOf(text)).toThrow(InvalidArgumentError);
  });

  it('may leave out one bound', () => {
    expect(windowOf('..2026-02-01')).toEqual({
      from: undefined,
      until: '2026-02-01T00:00:00.000Z',
    });
  });
});
