import { describe, expect, it } from 'vitest';
import { statementNames } from '../../src/plant/statement-names.js';

describe('names of compiled statements', () => {
  it('are the same for the same text and differ for another', () => {
    const named = statementNames('users');
    const { name } = named('select 1');
    expect(name).toMatch(/^users_[0-9a-f]{40}$/);
    expect(named('select 1')).toEqual({ name });
    expect(named('select 2').name).not.toBe(name);
  });

  it('are given to 64 texts; more go unnamed, and the first keep theirs', () => {
    const named = statementNames('users');
    const first = named('select 0');
    for (let i = 1; i < 64; i += 1) expect(named(`select ${i}`).name).toBeDefined();
    expect(named('select 64')).toEqual({});
    expect(named('select 0')).toEqual(first);
  });
});
