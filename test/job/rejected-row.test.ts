import { describe, expect, it } from 'vitest';
import {
  keptJson,
  MAX_KEPT_ROWS,
  MAX_KEPT_VALUES,
  rejectedOfCall,
  withoutPersonalData,
} from '../../src/job/rejected-row.js';

describe('keptJson', () => {
  it.each<[string, unknown, unknown]>([
    ['numbers that JSON does not know', { a: NaN, b: -Infinity }, { a: 'NaN', b: '-Infinity' }],
    [
      'instants, also broken ones',
      [new Date(0), new Date(NaN)],
      ['1970-01-01T00:00:00.000Z', 'Invalid Date'],
    ],
    ['what PostgreSQL cannot hold', { 'a\u0000': '\ud800' }, { 'a\ufffd': '\ufffd' }],
    ['long texts', 'x'.repeat(600), `${'x'.repeat(500)}… (600 characters)`],
    ['nothing', undefined, null],
    ['what JSON does not know', { a: 1n, b: () => 1 }, { a: '1', b: null }],
  ])('makes %s storable', (_, row, expected) => {
    expect(keptJson(row)).toEqual(expected);
  });

  it('leaves out what a row holds beyond 300 values, and says so', () => {
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`c${i}`, i]));
    const kept = keptJson(wide) as Record<string, unknown>;
    expect(Object.keys(kept)).toHaveLength(MAX_KEPT_VALUES);
    expect(kept['…']).toBe('more was given and is not kept');
    const deep = { a: Array.from({ length: 1_000 }, () => ({ b: [1, 2, 3] })) };
    expect(JSON.stringify(keptJson(deep)).length).toBeLessThan(10_000);
  });
});

describe('rejectedOfCall', () => {
  it('keeps at most 10,000 rows, each with the customer it names', () => {
    const rows = Array.from({ length: 10_001 }, (_, i) => ({ user: i === 1 ? '' : `u${i}` }));
    const rejected = rows.map((_, index) => ({ index, code: 'INVALID', message: 'id is missing' }));
    const at = new Date(0);
    const kept = rejectedOfCall(rows, rejected, {
      source: 'recordEvents',
      at,
      userKey: ({ user }) => user,
    });
    expect(kept).toHaveLength(MAX_KEPT_ROWS);
    expect(kept.slice(0, 2).map(({ userKey, line }) => [userKey, line])).toEqual([
      ['u0', 0],
      [null, 1],
    ]);
  });
});

describe('withoutPersonalData', () => {
  it('hides every value of the row, also where the reason quotes it', () => {
    const row = {
      name: 'Ada Lovelace',
      email: 'ada at example.com',
      attributes: { phone: 4412345, vip: true, notes: ['calls often', null] },
    };
    const message = 'email is not an e-mail address: ada at example.com';
    expect(withoutPersonalData({ message, row })).toEqual({
      message: 'email is not an e-mail address: [hidden]',
      row: {
        name: '[hidden]',
        email: '[hidden]',
        attributes: { phone: '[hidden]', vip: true, notes: ['[hidden]', null] },
      },
    });
  });

  it('hides a value that the reason quotes as JSON', () => {
    const type = 'Ada "the\tfirst" Lovelace';
    const message = `type must be a letter and more, got ${JSON.stringify(type)}`;
    expect(withoutPersonalData({ message, row: { type } }).message).toBe(
      'type must be a letter and more, got "[hidden]"',
    );
  });

  it('hides a value that the reason quotes only the beginning of', () => {
    const email = `${'long'.repeat(100)} no address`;
    const message = `email is not an e-mail address: ${email.slice(0, 80)}`;
    expect(withoutPersonalData({ message, row: { email } }).message).toBe(
      'email is not an e-mail address: [hidden]',
    );
  });
});
