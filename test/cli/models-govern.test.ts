import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addGovernCommands } from '../../src/cli/commands/models-govern.js';
import { addPromoteCommand } from '../../src/cli/commands/models-promote.js';
import { addShowCommand } from '../../src/cli/commands/models-show.js';
import type { CliContext } from '../../src/cli/context.js';
import { printVersion, type VersionRow } from '../../src/cli/print-version.js';

const version: VersionRow = {
  ...{ id: 'ModelVersion:2', version: 2, stage: 'CANDIDATE', algorithm: 'blend', threshold: 0.4 },
  ...{ trainingRows: 800, testRows: 200, trainedAt: '2026-01-01T00:00:00.000Z' },
  metrics: [
    { name: 'auc', split: 'TEST', value: 0.8, low: 0.75, high: 0.85 },
    { name: 'auc', split: 'TRAIN', value: 0.9, low: null, high: null },
  ],
  blend: [
    { algorithm: 'boosting', weight: 0.7 },
    { algorithm: 'logistic', weight: 0.3 },
  ],
  thresholds: [
    {
      ...{ rule: 'f1', threshold: 0.4, precision: 0.6, recall: 0.7, positiveRate: 0.3 },
      ...{ totalCost: 1200, chosen: true },
    },
  ],
  slices: [
    {
      ...{ dimension: 'region', value: 'east', rows: 60, worst: true },
      metrics: [{ name: 'auc', value: 0.55 }],
    },
  ],
  fairness: [{ attribute: 'gender', parityGap: 0.1, opportunityGap: null }],
  ruleChecks: [{ name: 'regulars', rows: 20, violations: 3, veto: true, met: false }],
  reproduces: {
    ...{ version: { version: 1 }, sameData: false, sameMetrics: false },
    differences: ['the data have changed since'],
  },
};

let server: http.Server;
let folder: string;
let asked: { query: string; variables: Record<string, unknown> }[] = [];
let model: object | null;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'card-'));
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const operation = JSON.parse(body) as (typeof asked)[number];
      asked.push(operation);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: answer(operation.query) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  asked = [];
  const nodes = [version, { ...version, id: 'ModelVersion:1', version: 1 }];
  model = { production: { id: 'ModelVersion:1' }, versions: { nodes } };
});
afterAll(async () => {
  fs.rmSync(folder, { recursive: true });
  await new Promise((resolve) => server.close(resolve));
});

function answer(query: string): object {
  if (query.includes('query Find') || query.includes('query Show(')) return { model };
  if (query.includes('query ShowOne')) return { modelVersion: version };
  if (query.includes('query Card')) return { modelVersion: { card: '# churn\n\ntext\n' } };
  if (query.includes('mutation Promote'))
    return { promoteModel: { modelVersion: { ...version, stage: 'SHADOW' }, userErrors: [] } };
  if (query.includes('mutation'))
    return { retrainVersion: { job: { id: 'Job:1' }, userErrors: [] } };
  const done = { id: 'Job:1', status: 'SUCCEEDED', progress: 1, stage: 'done', error: null };
  return { job: { ...done, result: version } };
}

async function run(argv: string[], json = false): Promise<string> {
  const lines: string[] = [];
  const { port } = server.address() as AddressInfo;
  const context: Pick<CliContext, 'output' | 'remote'> = {
    output: { json, line: (text) => lines.push(text), note: () => undefined },
    remote: () => Promise.resolve({ url: `http://127.0.0.1:${port}`, key: 'key' }),
  };
  // as the program has it: a version of its own, and options that belong to their command
  const program = new Command('augury').version('1.0.0').enablePositionalOptions().exitOverride();
  const models = program.command('models');
  addGovernCommands(models, context as CliContext);
  addPromoteCommand(models, context as CliContext);
  addShowCommand(models, context as CliContext);
  for (const command of models.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['models', ...argv], { from: 'user' });
  return lines.join('\n');
}

describe('models card', () => {
  it('prints the card of what serves, or of a version named', async () => {
    expect(await run(['card', 'churn'])).toBe('# churn\n\ntext');
    expect(asked[1]?.variables).toEqual({ id: 'ModelVersion:1' });
    await run(['card', 'churn', '--version', '2']);
    expect(asked[3]?.variables).toEqual({ id: 'ModelVersion:2' });
  });

  it('writes it to a file', async () => {
    const file = path.join(folder, 'card.md');
    expect(await run(['card', 'churn', '--out', file])).toBe(`wrote ${file}`);
    expect(fs.readFileSync(file, 'utf8')).toBe('# churn\n\ntext\n');
  });

  it('says which file cannot be written', async () => {
    const file = path.join(folder, 'none', 'card.md');
    await expect(run(['card', 'churn', '--out', file])).rejects.toThrow(
      `${file} cannot be written (ENOENT)`,
    );
  });

  it('says what there is not', async () => {
    await expect(run(['card', 'churn', '--version', '9'])).rejects.toThrow(
      'churn has no version 9',
    );
    model = { production: null, versions: { nodes: [] } };
    await expect(run(['card', 'churn'])).rejects.toThrow('no version of churn serves');
    model = null;
    await expect(run(['card', 'nope'])).rejects.toThrow('there is no model named nope');
  });
});

describe('models retrain', () => {
  it('asks for the version of that number, and tells whether it came out the same', async () => {
    const text = await run(['retrain', 'churn', '1']);
    expect(asked[1]?.variables).toEqual({ version: 'ModelVersion:1' });
    expect(text).toContain('repeats version 1: the data have changed, other metrics');
    expect(text).toContain('  the data have changed since');
  });
});

it('a version is printed with its intervals, threshold, worst slice, gaps, rules and blend', () => {
  const lines: string[] = [];
  printVersion(version, { json: false, line: (text) => lines.push(text), note: () => undefined });
  const text = lines.join('\n');
  expect(text).toContain('a blend of boosting 0.7, logistic 0.3');
  expect(text).toMatch(/auc +0\.9 +– +0\.8 +0\.75 to 0\.85/);
  expect(text).toMatch(/f1 \(its own\) +0\.4 +0\.6 +0\.7 +0\.3 +1,200/);
  expect(text).toContain('worst slice: region = east, AUC 0.55 on 60 rows');
  expect(text).toContain(
    'fairness gender: called positive differs by 0.1, true positive rate by –',
  );
  expect(text).toContain('rule regulars: NOT met, 3 of 20 rows, may veto promotion');
});

describe('models promote', () => {
  it('takes a model and a number, and a stage', async () => {
    expect(await run(['promote', 'churn', '2', '--stage', 'shadow'])).toContain(
      'version 2 (blend, SHADOW)',
    );
    expect(asked[1]?.variables).toEqual({
      ...{ version: 'ModelVersion:2', stage: 'SHADOW', comment: null, override: false },
    });
  });

  it('takes the id of a version alone', async () => {
    await run(['promote', 'ModelVersion:7', '--comment', 'better']);
    expect(asked[0]?.variables).toEqual({
      ...{ version: 'ModelVersion:7', stage: 'PRODUCTION', comment: 'better', override: false },
    });
  });

  it.each([
    [['churn'], 'which version of churn? `models show churn` lists them: `models promote churn 2`'],
    [['churn', '9'], 'churn has no version 9'],
    [['churn', 'two'], 'It must be a whole number 1..2147483647.'],
    [['churn', '2', '--stage', 'live'], 'It must be one of PRODUCTION, SHADOW'],
  ])('refuses %j', async (argv, message) => {
    await expect(run(['promote', ...argv])).rejects.toThrow(message);
  });
});

describe('models show', () => {
  it('lists the versions, a line each, and says how to see one', async () => {
    const lines = (await run(['show', 'churn'])).split('\n');
    expect(lines[0]).toMatch(/^version +stage +algorithm +trained +test rows +test AUC/);
    expect(lines[1]).toMatch(/2 +CANDIDATE +blend +2026-01-01T00:00 +200 +0\.8 .*ModelVersion:2$/);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe('all of one: `models show churn 2`');
  });

  it('tells all of one version', async () => {
    const told = await run(['show', 'churn', '2']);
    expect(told).toContain('version 2 (blend, CANDIDATE), trained on 800 rows, tested on 200');
    expect(told).toContain('worst slice: region = east, AUC 0.55 on 60 rows');
  });

  it('says that there is no version yet', async () => {
    model = { production: null, versions: { nodes: [] } };
    expect(await run(['show', 'fraud'])).toBe('no version of fraud yet: `train fraud` makes one');
  });
});

describe('a version in words', () => {
  const told = (change: Partial<VersionRow>): string => {
    const lines: string[] = [];
    const output = { json: false, line: (text: string) => lines.push(text), note: () => undefined };
    printVersion({ ...version, ...change }, output);
    return lines.join('\n');
  };

  it('made of a file: says so, and shows no empty table', () => {
    const upload = { algorithm: 'upload', metrics: [], upload: { producer: 'skl2onnx' } };
    expect(told(upload)).toContain(
      'version 2 (upload, CANDIDATE), a file of skl2onnx, not measured here',
    );
    expect(told(upload)).not.toContain('95 % of test');
  });

  it('says which precision was not reached', () => {
    const [row] = version.thresholds ?? [];
    if (!row) throw new Error('no threshold');
    const thresholds = [{ ...row, rule: 'precision >= 0.9', chosen: false, reached: false }];
    expect(told({ thresholds })).toContain('precision >= 0.9 (not reached)');
  });
});
