import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryCopy, sameInEveryRow, type CopyColumn } from '../../src/plant/binary-copy.js';
import { equalRows } from '../../src/plant/equal-rows.js';

const whole = fc.integer({ min: -(2 ** 40), max: Number.MAX_SAFE_INTEGER });

/** Rows of one size: as many of each column. */
const tables = fc
  .record({ rows: fc.integer({ min: 1, max: 40 }), width: fc.integer({ min: 0, max: 23 }) })
  .chain(({ rows, width }) => {
    const times = { minLength: rows, maxLength: rows };
    const bytes = { minLength: rows * width, maxLength: rows * width };
    return fc
      .record({
        ids: fc.array(whole, times),
        numbers: fc.array(fc.double(), times),
        bytes: fc.uint8Array(bytes),
        text: fc.string({ maxLength: 9 }),
      })
      .map(({ ids, numbers, bytes: values, text }): CopyColumn[] => [
        { type: 'int8', values: Float64Array.from(ids) },
        { type: 'float8', values: Float64Array.from(numbers) },
        { type: 'bytea', values: Buffer.from(values), width },
        { type: 'text[]', values: [], width: 0 },
        sameInEveryRow([
          { type: 'text', values: [text] },
          { type: 'timestamptz', values: [1_767_225_600_123] },
        ]),
      ]);
  });

const plain = (columns: readonly CopyColumn[]): string =>
  Buffer.concat([...binaryCopy(columns)]).toString('hex');

describe('rows of one size', () => {
  it('are the same bytes as written row by row, in memory that held other rows', () => {
    const buffers: ArrayBuffer[] = [];
    fc.assert(
      fc.property(tables, (columns) => {
        const equal = equalRows(columns, buffers);
        expect(equal?.data.toString('hex')).toBe(plain(columns));
        equal?.sent();
        expect(buffers).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it('are written apart while the ones before are still on their way', () => {
    const buffers: ArrayBuffer[] = [];
    const columnsOf = (id: number): CopyColumn[] => [
      { type: 'int8', values: Float64Array.of(id, id + 1) },
    ];
    const [first, second] = [equalRows(columnsOf(1), buffers), equalRows(columnsOf(7), buffers)];
    expect(first?.data.toString('hex')).toBe(plain(columnsOf(1)));
    expect(second?.data.toString('hex')).toBe(plain(columnsOf(7)));
  });

  it.each<[string, CopyColumn[]]>([
    ['no rows', [{ type: 'int8', values: new Float64Array(0) }]],
    ['a list, which may hold NULL', [{ type: 'int8', values: [1, null] }]],
    [
      'texts',
      [
        { type: 'int8', values: Float64Array.of(1) },
        { type: 'text[]', values: ['a'], width: 1 },
      ],
    ],
  ])('are not what others are: %s', (_, columns) => {
    expect(equalRows(columns, [])).toBeNull();
  });
});
