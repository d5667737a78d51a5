import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mentionPatterns, type Traces } from '../../src/privacy/mentions.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const nobody: Traces = { id: 42, externalId: 'C-17', email: null, name: null, ownTexts: [] };

async function found(traces: Traces, texts: readonly string[]): Promise<boolean[]> {
  const rows = await database.db.query<{ found: boolean }>(
    'select t ~* $1 as found from unnest($2::text[]) with ordinality as u(t, n) order by n',
    [mentionPatterns(traces).text, texts],
  );
  return rows.map((row) => row.found);
}

async function redacted(traces: Traces, value: unknown): Promise<string> {
  const [row] = await database.db.query<{ text: string }>(
    `select (regexp_replace($2::jsonb::text, $1, 'erased', 'gi')::jsonb)::text as text`,
    [mentionPatterns(traces).json, JSON.stringify(value)],
  );
  return row?.text ?? '';
}

describe('A mention', () => {
  it('is a whole word, in any case', async () => {
    const texts = [
      'C-17',
      'key "c-17".',
      'XC-17',
      'C-170',
      'C-17_b',
      'User:42',
      'User:421',
      'MyUser:42',
    ];
    expect(await found(nobody, texts)).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it('of a customer whose key is a number is not one of somebody else, nor a number of JSON', async () => {
    const traces = { ...nobody, externalId: '17' };
    expect(await found(traces, ['customer 17', 'User:17', '117', '17.'])).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(await redacted(traces, { rows: 17, user: '17', others: ['117', 'User:17'] })).toBe(
      '{"rows": 17, "user": "erased", "others": ["117", "User:17"]}',
    );
  });

  it('by name needs two words, by e-mail the whole address', async () => {
    const traces = { ...nobody, name: 'Anna', email: 'anna@example.com' };
    expect(await found(traces, ['Anna', 'to ANNA@example.com!', 'joanna@example.com'])).toEqual([
      false,
      true,
      false,
    ]);
    expect(await found({ ...nobody, name: 'Anna Lee' }, ['was it anna lee?'])).toEqual([true]);
  });

  it('of any text is found and taken out of JSON, which stays JSON', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .string({ minLength: 8, maxLength: 30, unit: 'grapheme' })
          .filter((text) => !/[\u0000]|\p{Surrogate}/u.test(text) && text.trim().length >= 8),
        fc.constantFrom('', 'before ', '\n', '"', '\\', '\t', '('),
        async (text, before) => {
          const traces = { ...nobody, ownTexts: [text] };
          const left = await redacted(traces, { a: `${before}${text}`, [text]: 1, b: [text] });
          const values = JSON.parse(left) as Record<string, unknown>;
          expect(values['b']).toEqual(['erased']);
          expect(values['a']).toBe(`${before}erased`);
          expect(values['erased']).toBe(1);
        },
      ),
      { seed: 3, numRuns: 150 },
    );
  });
});
