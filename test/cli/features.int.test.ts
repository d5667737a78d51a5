import 'reflect-metadata';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addFeatureCommands } from '../../src/cli/commands/features.js';
import type { CliContext } from '../../src/cli/context.js';
import { manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryBus } from '../support/memory-bus.js';
import { registryGraph, type RegistryGraph } from '../support/registry-graph.js';

let database: TestDatabase;
let graph: RegistryGraph;
let folder: string;
const lines: string[] = [];
const server = http.createServer((request, response) => {
  void (async () => {
    const { query, variables } = (await json(request)) as { query: string; variables: object };
    const { data, errors } = await graph.ask(query, { ...variables });
    response.end(JSON.stringify({ data, errors }));
  })();
});

beforeAll(async () => {
  database = await testDatabase();
  graph = registryGraph(database.db, memoryBus(), manualClock(new Date('2026-06-01T00:00:00Z')));
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'augury-features-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await graph.close();
  await database.drop();
  await fs.rm(folder, { recursive: true });
});
beforeEach(() => {
  lines.length = 0;
});

/** Runs `features …`; answers what it wrote. */
async function run(argv: string[], options: { json?: boolean } = {}): Promise<string[]> {
  const { port } = server.address() as AddressInfo;
  const program = new Command().exitOverride();
  const output = { json: options.json ?? false, line: (text: string) => lines.push(text) };
  const remote = { url: `http://127.0.0.1:${port}`, key: 'test' };
  const context = {
    output: { ...output, note: () => undefined },
    remote: () => Promise.resolve(remote),
  };
  addFeatureCommands(program, context as unknown as CliContext);
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]))
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['features', ...argv], { from: 'user' });
  return lines;
}

async function file(content: unknown): Promise<string> {
  const name = path.join(folder, `${Math.trunc(performance.now() * 1000)}.json`);
  await fs.writeFile(name, typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

const feature = (name: string, change: object = {}): object => ({
  ...{ name, description: `${name} so far`, type: 'NUMERICAL', unit: 'count', owner: 'crm' },
  ...{ tags: ['cli', name], definition: { kind: 'events', aggregate: 'count' } },
  ...change,
});

describe('features register', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'a file that is not there',
      () => Promise.resolve('/nowhere.json'),
      /nowhere\.json cannot be read/,
    ],
    ['a file that is not JSON', () => file('{'), /is no JSON/],
    ['a feature without a meaning of its type', () => file(feature('bad', { unit: null })), /unit/],
    [
      'the second of a list, naming its place',
      () => file([feature('good'), feature('b d')]),
      /^\[1\] name: must be a lower-case letter/,
    ],
  ])('refuses %s', async (_, given, message) => {
    await expect(run(['register', '--file', await given()])).rejects.toThrow(message);
  });

  it('takes one feature or a list, in its order', async () => {
    expect(await run(['register', '--file', await file(feature('visits'))])).toEqual([
      'visits@1 is DRAFT',
    ]);
    lines.length = 0;
    const ratio = {
      kind: 'expression',
      expression: { op: 'divide', of: [{ feature: 'logins' }, 2] },
    };
    const list = await file([feature('logins'), feature('half', { definition: ratio })]);
    expect(await run(['register', '--file', list])).toEqual([
      'logins@1 is DRAFT',
      'half@1 is DRAFT',
    ]);
  });
});

describe('features', () => {
  it('list takes every condition together', async () => {
    const wanted = ['list', '--status', 'draft', '--tag', 'cli,half', '--text', 'SO FAR'];
    const rows = await run([...wanted, '--owner', 'crm', '--depends-on', 'logins'], { json: true });
    expect(rows.map((row) => (JSON.parse(row) as { name: string }).name)).toEqual(['half']);
    await expect(run(['list', '--used-by', 'nobody'])).rejects.toThrow('no model is named nobody');
  });

  it('update and move say what became of it, and refuse a version that is none', async () => {
    expect(await run(['update', 'visits@1', '--owner', 'web', '--meaning', 'Interest'])).toEqual([
      'visits@1 is DRAFT',
    ]);
    lines.length = 0;
    expect(await run(['move', 'visits@1', 'review', '--comment', 'done'])).toEqual([
      'visits@1 is REVIEW',
    ]);
    await expect(run(['move', 'visits@x', 'DRAFT'])).rejects.toThrow('got visits@x');
    await expect(run(['move', 'visits', 'DEPRECATED'])).rejects.toThrow('may move to APPROVED');
  });

  it('show every field, for people and as one line of JSON', async () => {
    const [line = ''] = await run(['show', 'visits'], { json: true });
    expect(JSON.parse(line)).toMatchObject({
      ...{ id: 'Feature:visits@1', name: 'visits', version: 1, description: 'visits so far' },
      ...{ businessMeaning: 'Interest', type: 'NUMERICAL', dataType: 'float64', unit: 'count' },
      ...{ status: 'REVIEW', owner: 'web', tags: ['cli', 'visits'], source: ['event:*'] },
      ...{ lineage: ['event.at', 'event.user_id'], dependencies: [], usedBy: [], monitoring: [] },
      ...{ definition: { kind: 'events' }, statistics: { count: 0 }, statisticsComputedAt: null },
      ...{ createdAt: '2026-06-01T00:00:00.000Z', updatedAt: '2026-06-01T00:00:00.000Z' },
      history: [{ action: 'moved' }, { action: 'updated' }, { action: 'registered' }],
      sql: expect.stringContaining('select') as string,
    });
    lines.length = 0;
    const [text = ''] = await run(['show', 'half@1', '--days', '3']);
    expect(text).toMatch(/^half@1 +DRAFT: half so far$/m);
    expect(text).toMatch(/^refers to +logins@1$/m);
    await expect(run(['show', 'nonsense'])).rejects.toThrow('no feature named nonsense');
  });
});
