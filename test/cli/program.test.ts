import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { CommanderError, type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';

function leaves(command: Command): Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(leaves) : [command];
}
const named = (name: string): Command | undefined =>
  leaves(buildProgram({})).find((command) => command.name() === name);

describe('the command line', () => {
  it('offers --url and --key only where a server is asked', () => {
    for (const name of ['train', 'score', 'query', 'promote', 'register'])
      expect(named(name)?.helpInformation(), name).toContain('--url');
    for (const name of ['start', 'sample', 'events', 'users', 'outcomes', 'create', 'doctor'])
      expect(named(name)?.helpInformation(), name).not.toContain('--url');
  });
  it('lets every command say what it does, where it works and --json', () => {
    for (const command of leaves(buildProgram({}))) {
      expect(command.description(), command.name()).not.toBe('');
      expect(command.helpInformation()).toContain('--data-dir');
      expect(command.helpInformation()).toContain('--json');
    }
  });
  it.each([
    [['train', 'churn', '--horizon-days', 'abc']],
    [['score', 'churn', '--as-of', 'nonsense']],
    [['import', 'events', '--file', 'x', '--url', 'http://127.0.0.1:1']],
    [['trian', 'churn']],
  ])('refuses %j before it does anything', async (argv) => {
    const program = buildProgram({});
    for (const command of [program, ...leaves(program), ...program.commands])
      command.configureOutput({ writeErr: () => undefined });
    await expect(program.parseAsync(argv, { from: 'user' })).rejects.toThrow(CommanderError);
  });
  it('ends as it would when nobody reads its output', async () => {
    const main = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');
    const child = spawn(process.execPath, [main, 'train', '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(complaints).toBe('');
    expect(code).toBe(0);
  }, 30_000);
});
