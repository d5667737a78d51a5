import { describe, expect, it } from 'vitest';
import { policedTables, type CatalogueTable } from '../../src/privacy/personal-tables.js';
import { parsePolicy } from '../../src/privacy/policy.js';

describe('A privacy policy', () => {
  it.each([
    'privacy:',
    'privacy: ',
    'privacy: none',
    'privacy: none -',
    'privacy: By user_id',
    'privacy: by user_id as number',
    'privacy: by user-id',
    'privacy: by "user_id"; drop table customer',
    'privacy: with event',
    'privacy: with event (key)',
    'privacy: with event (key = key) unless lucky',
    'privacy: mentions -> delete',
    'privacy: mentions detail -> forget',
    'privacy: mentions detail',
    'privacy: bitmap',
    'privacy: self; none - because',
  ])('that cannot be read is refused: %s', (comment) => {
    expect(() => parsePolicy(comment)).toThrow(/not a privacy policy|cannot be "none"/);
  });

  it.each([null, '', 'The events.', 'see privacy: self'])(
    'is not there in a comment that does not begin with it: %s',
    (comment) => {
      expect(parsePolicy(comment)).toBeNull();
    },
  );

  it('says with words what a table holds', () => {
    expect(parsePolicy('privacy: none - names of kinds')).toEqual([
      { kind: 'none', why: 'names of kinds' },
    ]);
    expect(parsePolicy('privacy: self')).toEqual([{ kind: 'self' }]);
    expect(parsePolicy('privacy: by user_id')).toEqual([
      { kind: 'by', column: 'user_id', holds: 'id' },
    ]);
    expect(parsePolicy('privacy: by user_key as key; mentions row, message -> delete')).toEqual([
      { kind: 'by', column: 'user_key', holds: 'key' },
      { kind: 'mentions', columns: ['row', 'message'], then: 'delete' },
    ]);
    expect(parsePolicy('privacy: with user_device (id = device_id) unless shared')).toEqual([
      { kind: 'with', table: 'user_device', pairs: [['id', 'device_id']], unlessShared: true },
    ]);
    expect(parsePolicy('privacy: bitmap trained_on; mentions * -> redact')).toEqual([
      { kind: 'bitmap', column: 'trained_on' },
      { kind: 'mentions', columns: null, then: 'redact' },
    ]);
  });
});

function table(name: string, comment: string | null, columns: string[], ours = true) {
  return {
    schema: 'public',
    name,
    comment,
    columns: columns.map((column) => ({ name: column, type: 'text' })),
    partitionedBy: null,
    ours,
  } satisfies CatalogueTable;
}

describe('The tables of a database', () => {
  it('are refused where one of ours says nothing and has no user_id', () => {
    const tables = [table('customer', 'privacy: self', ['id']), table('diary', null, ['text'])];
    expect(() => policedTables(tables)).toThrow(/table public\.diary states no privacy policy/);
  });

  it('are refused where a policy names what is not there', () => {
    expect(() => policedTables([table('diary', 'privacy: by owner', ['text'])])).toThrow(
      /public\.diary has no column owner/,
    );
    expect(() =>
      policedTables([table('diary', 'privacy: mentions a, b -> redact', ['a'])]),
    ).toThrow(/no column b/);
    expect(() => policedTables([table('page', 'privacy: with diary (id = id)', ['id'])])).toThrow(
      /public\.page goes with diary/,
    );
    const keyless = [
      table('diary', 'privacy: by user_id', ['user_id']),
      table('page', 'privacy: with diary (id = number)', ['id']),
    ];
    expect(() => policedTables(keyless)).toThrow(/public\.diary has no column number/);
  });

  it('belong to customers by user_id when they are ours and say nothing', () => {
    const [diary] = policedTables([table('diary', null, ['user_id', 'text'])]);
    expect(diary?.clauses).toEqual([{ kind: 'by', column: 'user_id', holds: 'id' }]);
  });

  it('of other programs are left alone, unless they state a policy', () => {
    const others = [
      table('theirs', null, ['user_id'], false),
      table('asked', 'privacy: by person', ['person'], false),
    ];
    expect(policedTables(others).map(({ name }) => name)).toEqual(['asked']);
  });
});
