import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber, type Cell } from '../../../src/cli/import/cell.js';
import {
  emptyProfile,
  judgeColumn,
  profileCell,
  storeCell,
} from '../../../src/cli/import/column-profile.js';
import { fixedColumns, nearNames } from '../../../src/cli/import/columns.js';
import { isPlainNumber, plainValue } from '../../../src/cli/import/event-plan.js';
import { splitList } from '../../../src/cli/import/mapping.js';
import { columnIds, contentIds, occurrenceCounter } from '../../../src/cli/import/row-id.js';
import { namedValues } from '../../../src/cli/import/value.js';

function judge(cells: readonly Cell[]): ReturnType<typeof judgeColumn> {
  const profile = emptyProfile();
  for (const cell of cells) profileCell(profile, cell);
  return judgeColumn(profile);
}

const many = (make: (i: number) => Cell, rows = 500): Cell[] =>
  Array.from({ length: rows }, (_, i) => make(i));

describe('what a column is', () => {
  it.each<[string, Cell[], string, string | null]>([
    [
      'numbers with blanks, a single space among them',
      ['1', ' ', '2.5', '', '-3e2'],
      'number',
      'numerical',
    ],
    ['0 and 1', ['0', '1', '1'], 'number', 'numerical'],
    ['true and false', ['true', 'FALSE', ''], 'boolean', 'boolean'],
    ['words', ['Yes', 'No', 'Yes'], 'text', 'categorical'],
    ['codes with leading zeros', ['01234', '99999'], 'text', 'categorical'],
    ['numbers and words', ['1', '2', 'basic'], 'text', 'categorical'],
    ['nothing', ['', ' '], 'text', null],
    ['keys', many((i) => `k-${i}`), 'text', null],
    ['row numbers', many((i) => String(i + 1)), 'number', null],
    ['whole numbers far apart', many((i) => String(i * i * 17)), 'number', 'numerical'],
    ['free text', many((i) => `text ${i - (i % 10 === 0 ? 1 : 0)}`), 'text', null],
    ['many places', many((i) => `city ${i % 120}`, 5_000), 'text', 'categorical'],
    ['JSON numbers and booleans', [1, 2.5, null], 'number', 'numerical'],
    ['JSON booleans', [true, false], 'boolean', 'boolean'],
  ])('%s', (_, cells, storedAs, feature) => {
    expect(judge(cells)).toMatchObject({ storedAs, feature });
  });

  it('tells of marks such as NA in a column of numbers', () => {
    expect(judge(['1', 'NA', '2', '3', 'NA', '4']).marks).toEqual([['NA', 2]]);
  });

  it('stores every cell of a column as one kind, a blank as null', () => {
    expect(storeCell(' 7.5 ', 'number')).toBe(7.5);
    expect(storeCell('FALSE', 'boolean')).toBe(false);
    expect(storeCell('007', 'text')).toBe('007');
    expect(storeCell(' ', 'number')).toBeNull();
  });

  it('takes for a plain number only what reads the same when written again', () => {
    for (const text of ['0', '-1', '10', '0.5', '.5', '-0.25', '1e3', '2.50', '1234567890.12'])
      expect([text, isPlainNumber(text)]).toEqual([text, true]);
    for (const text of [
      '',
      '007',
      '+1',
      '1.',
      '12345678901234567890',
      '1e999',
      '1,5',
      '0x10',
      'NaN',
    ])
      expect([text, isPlainNumber(text)]).toEqual([text, false]);
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        if (isPlainNumber(String(value)))
          expect(plainValue(String(value))).toBe(parseNumber(String(value)));
      }),
    );
  });
});

describe('ids of rows', () => {
  const columns = fixedColumns(['a', 'b']);

  it('numbers equal rows, so that each has its own id and a second pass has the same ones', () => {
    const rows = [
      ['1', 'x'],
      ['2', 'x'],
      ['1', 'x'],
      ['1', 'x'],
    ];
    const pass = (): string[] => {
      const idOf = contentIds(columns, false);
      return rows.map((cells) => idOf(cells, 'purchase'));
    };
    const ids = pass();
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect([ids[2], ids[3]]).toEqual([`${ids[0] ?? ''}-2`, `${ids[0] ?? ''}-3`]);
    expect(pass()).toEqual(ids);
  });

  it('tells rows apart that differ only in where a cell ends, or in the type', () => {
    const idOf = contentIds(columns, false);
    const ids = [idOf(['ab', 'c'], 't'), idOf(['a', 'bc'], 't'), idOf(['ab', 'c'], 'u')];
    expect(new Set(ids).size).toBe(3);
  });

  it('does not depend on the order of keys in JSON lines', () => {
    const one = contentIds(fixedColumns(['a', 'b']), true)(['1', '2'], 't');
    const other = contentIds(fixedColumns(['b', 'a']), true)(['2', '1'], 't');
    expect(one).toBe(other);
  });

  it('joins columns without two rows meeting in one id', () => {
    const get = (i: number) => (cells: readonly Cell[]) => cells[i] ?? null;
    const idOf = columnIds([get(0), get(1)], ['a', 'b']);
    expect(idOf(['1', '2'], 't')).toBe('1|2');
    expect(idOf(['1|2', ''], 't')).not.toBe(idOf(['1', '2|'], 't'));
    expect(() => idOf([' ', ''], 't')).toThrow('the row has no id (a, b blank)');
  });

  it('counts as a map does, while it grows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 300 }), (keys) => {
        const count = occurrenceCounter(4);
        const twin = new Map<number, number>();
        for (const key of keys) {
          twin.set(key, (twin.get(key) ?? 0) + 1);
          expect(count(Math.imul(key, 64), key)).toBe(twin.get(key));
        }
      }),
    );
  });
});

describe('lists of columns', () => {
  it('are cut at commas outside quotes and parentheses', () => {
    expect(splitList("a, total=number(x, ',') ,`b,c`,,d")).toEqual([
      'a',
      "total=number(x, ',')",
      '`b,c`',
      'd',
    ]);
  });

  it('rename with NAME=EXPRESSION, or in a map file with an object', () => {
    const columns = fixedColumns(['Country', 'Qty', 'a=b']);
    const cells = ['UK', '3', 'z'];
    const values = (spec: Parameters<typeof namedValues>[0]): unknown[] =>
      namedValues(spec, columns, '--property').map(({ name, get }) => [name, get(cells)]);
    expect(values('country,a=b,land=Country,double=Qty*2')).toEqual([
      ['Country', 'UK'],
      ['a=b', 'z'],
      ['land', 'UK'],
      ['double', 6],
    ]);
    expect(values({ land: 'Country', shop: "'web'" })).toEqual([
      ['land', 'UK'],
      ['shop', 'web'],
    ]);
    expect(() => values('lower(Country)')).toThrow(
      'give "lower(Country)" a name: NAME=lower(Country)',
    );
  });

  it('suggest the nearest names first', () => {
    expect(nearNames('custmer_id', ['date', 'customer_id', 'amount'])).toEqual(['customer_id']);
    expect(nearNames('CustomerId', ['Customer ID', 'x'])).toEqual(['Customer ID']);
    expect(nearNames('zzz', ['date', 'amount'])).toEqual([]);
  });
});
