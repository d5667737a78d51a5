import { CommanderError, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { explainExit } from '../../src/cli/exit.js';
import { AppError } from '../../src/kernel/error.js';

const coded = (message: string, fields: object): Error => Object.assign(new Error(message), fields);

describe('how a command ends', () => {
  it.each([
    [new AppError('INVALID', 'k must be 2..42, got 1'), 2, 'k must be 2..42, got 1'],
    [new AppError('CONFIGURATION', 'port 4000 is in use'), 2, 'port 4000 is in use'],
    [new AppError('UNAVAILABLE', 'no server runs'), 3, 'no server runs'],
    [new AppError('NOT_FOUND', 'no model is named x'), 1, 'no model is named x'],
    [coded('Connection terminated unexpectedly', {}), 3, 'the database went away'],
    [coded('terminating connection', { code: '57P01' }), 3, 'run the same command again'],
    [new AggregateError([coded('connect', { code: 'ECONNREFUSED' })]), 3, 'went away (connect)'],
    [coded("EACCES: no permission, open 'x'", { syscall: 'open' }), 1, "open 'x'"],
    [new TypeError('x is not a function'), 1, 'a fault of Augury'],
  ])('%o -> %i, one sentence', (error, code, sentence) => {
    const told = explainExit(error);
    expect(told.code).toBe(code);
    expect(told.message).toContain(sentence);
    expect(told.message).not.toContain('\n');
  });
  it('says nothing twice that commander has said', () => {
    expect(explainExit(new InvalidArgumentError('no'))).toEqual({ code: 2, message: null });
    expect(explainExit(new CommanderError(0, 'help', ''))).toEqual({ code: 0, message: null });
  });
  it('shows where a fault happened when asked to', () => {
    expect(explainExit(new TypeError('x'), true).message).toContain('exit.test.ts');
  });
});
